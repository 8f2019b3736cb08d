"""DynamoDB's expressions: built, parsed and checked."""
