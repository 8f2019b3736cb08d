"""The items and keys in the examples of the OpenAPI document."""

ANDREW = {"Id": 104, "Name": "Andrew", "Email": "andrew@gmail.com"}
TYPED_ANDREW = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}, "Email": {"S": "andrew@gmail.com"}}
ANDREW_KEY = {"id": "104", "name": "Andrew"}
ANDREW_PATCH = {"Email": "andrewClarke@gmail.com"}

RAJ = {"Id": 101, "Name": "Raj", "Email": "raj@gmail.com"}
TYPED_RAJ = {"Id": {"N": "101"}, "Name": {"S": "Raj"}, "Email": {"S": "raj@gmail.com"}}
RAJ_KEY = {"id": "101", "name": "Raj"}

JOSEPH_KEY = {"id": "105", "name": "Joseph"}

ETAG = '"5d41402abc4b2a76b9719d911017c592-json"'
VISIT = {
    "UpdateExpression": "ADD Visits :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}
