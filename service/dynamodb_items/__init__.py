"""A REST API over one DynamoDB table."""

__version__ = "0.1.0"
