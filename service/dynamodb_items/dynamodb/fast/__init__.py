"""The fast path: signed requests over a connection pool of its own."""
