"""From item keys and items to DynamoDB and back; knows no HTTP."""
