"""The paths that routes and access rules share."""

BATCH_PATH = "/items:batch"
BATCH_GET_PATH = "/items:batchGet"
QUERY_PATH = "/items:query"

READING_PATHS = frozenset({BATCH_GET_PATH, QUERY_PATH})
"""The paths whose POST only reads."""
