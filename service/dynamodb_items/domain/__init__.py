"""Items, keys, numbers, operations, errors: plain values, no HTTP, no AWS."""
