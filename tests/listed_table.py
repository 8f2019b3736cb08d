"""A table with an index of whole items, one of keys, and a local one of keys."""

LISTED = "arn:aws:dynamodb:us-east-2:123456789012:table/listed"


def create_listed_table(dynamodb) -> None:
    """Create it with an administrator's client."""
    types = {"Id": "N", "Name": "S", "Email": "S", "Status": "S", "At": "N"}

    def index(name, partition, sort, projection):
        keys = [{"AttributeName": partition, "KeyType": "HASH"}]
        keys += [{"AttributeName": sort, "KeyType": "RANGE"}] if sort else []
        return {
            "IndexName": name,
            "KeySchema": keys,
            "Projection": {"ProjectionType": projection},
        }

    dynamodb.create_table(
        TableName="listed",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ],
        KeySchema=[
            {"AttributeName": "Id", "KeyType": "HASH"},
            {"AttributeName": "Name", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            index("by-email", "Email", None, "ALL"),
            index("by-status", "Status", "At", "KEYS_ONLY"),
        ],
        LocalSecondaryIndexes=[index("by-at", "Id", "At", "KEYS_ONLY")],
        BillingMode="PAY_PER_REQUEST",
    )
