"""Items, keys, preconditions, numbers, operations, errors: plain values, no HTTP, no AWS."""
