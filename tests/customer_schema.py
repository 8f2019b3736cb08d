"""The item schema of tests: types that only DynamoDB has, references, and null."""

CUSTOMER = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "format": "email"},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "x-dynamodb-type": "SS"},
        "avatar": {"type": "string", "x-dynamodb-type": "B"},
        "address": {"$ref": "#/$defs/address"},
    },
    "$defs": {
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "street": {"type": "string"}},
        }
    },
}
