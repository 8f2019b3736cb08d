"""Defaults that the service and the deploy tool share."""

DEFAULT_TABLE = "my-dynamodb-table"
"""The table of AWS's tutorial."""
