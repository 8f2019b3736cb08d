"""The peers, each written as the documentation of its parts would have it.

All serve the same three methods on the same path; none does what the service does besides:
entity tags, request ids, log lines, exact numbers, strict keys.
"""
