"""Import and export: a client of the service's public HTTP API, for many items.

It calls no DynamoDB operation itself; the packages come with the extra ``transfer``.
"""
