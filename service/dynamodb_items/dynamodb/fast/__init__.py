"""The fast path: signed requests over its own connection pool."""
