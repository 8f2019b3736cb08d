"""Calls to DynamoDB: client, retries, failures, credentials."""
