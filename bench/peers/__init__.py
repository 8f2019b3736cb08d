"""The comparable servers, each written as the documentation of its libraries shows.

All serve the same three methods on the same path. None of them has the service's entity tags,
request IDs, log lines, exact numbers and strict keys.
"""
