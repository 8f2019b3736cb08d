"""The tutorial's calls over HTTP and with boto3, each read back through the other."""

import json

import pytest

TABLE = "my-dynamodb-table"
JSON = "application/json"
TYPED = "application/vnd.dynamodb+json"


def typed_key(id_, name):
    return {"Id": {"N": str(id_)}, "Name": {"S": name}}


@pytest.fixture(autouse=True)
def tutorial_items(dynamodb):
    """The items that the tutorial starts with."""
    dynamodb.put_item(TableName=TABLE, Item=typed_key(101, "Raj"))
    dynamodb.put_item(
        TableName=TABLE, Item={**typed_key(104, "Andrew"), "Email": {"S": "andrew@gmail.com"}}
    )
    dynamodb.delete_item(TableName=TABLE, Key=typed_key(105, "Joseph"))


def stored(dynamodb, id_, name):
    """Return the item as boto3 reads it, without the service's version attribute."""
    item = dynamodb.get_item(TableName=TABLE, Key=typed_key(id_, name)).get("Item")
    if item is not None:
        item.pop("_version", None)
    return item


def test_get_andrew(server):
    response = server.request("GET", "/items/104/Andrew")
    assert response.status == 200
    assert response.json == {"Id": 104, "Name": "Andrew", "Email": "andrew@gmail.com"}


def test_put_raj_with_an_email(server, dynamodb):
    response = server.request(
        "PUT", "/items/101/Raj", '{"Email": "raj@gmail.com"}', Content_Type=JSON
    )
    assert response.status == 200
    assert stored(dynamodb, 101, "Raj") == {
        **typed_key(101, "Raj"),
        "Email": {"S": "raj@gmail.com"},
    }


def test_put_joseph(server, dynamodb):
    assert server.request("PUT", "/items/105/Joseph", "{}", Content_Type=JSON).status == 201
    assert stored(dynamodb, 105, "Joseph") == typed_key(105, "Joseph")


def test_delete_joseph(server, dynamodb):
    dynamodb.put_item(TableName=TABLE, Item=typed_key(105, "Joseph"))
    assert server.request("DELETE", "/items/105/Joseph").status == 204
    assert stored(dynamodb, 105, "Joseph") is None


def test_update_andrews_email(server, dynamodb):
    patch = '{"Email": "andrewClarke@gmail.com"}'
    response = server.request("PATCH", "/items/104/Andrew", patch, Content_Type=JSON)
    assert response.status == 200
    assert stored(dynamodb, 104, "Andrew")["Email"] == {"S": "andrewClarke@gmail.com"}


def test_the_item_argument_of_the_cli_is_a_body_as_it_stands(server, dynamodb):
    argument = '{"Id": {"N": "105"}, "Name": {"S": "Joseph"}, "Age": {"N": "41"}}'
    response = server.request("PUT", "/items/105/Joseph", argument, Content_Type=TYPED)
    assert response.status == 201
    assert stored(dynamodb, 105, "Joseph") == json.loads(argument)


def test_what_boto3_writes_is_read_over_http(server, dynamodb):
    item = {**typed_key(105, "Joseph"), "Tags": {"SS": ["a", "b"]}, "Photo": {"B": b"\x00\xff"}}
    dynamodb.put_item(TableName=TABLE, Item=item)
    dynamodb.update_item(
        TableName=TABLE,
        Key=typed_key(105, "Joseph"),
        UpdateExpression="SET Age = :age",
        ExpressionAttributeValues={":age": {"N": "41.5"}},
    )
    typed = server.request("GET", "/items/105/Joseph?consistent_read=true", Accept=TYPED).json
    assert sorted(typed.pop("Tags")["SS"]) == ["a", "b"]
    assert typed.pop("Photo") == {"B": "AP8="}
    assert typed == {**typed_key(105, "Joseph"), "Age": {"N": "41.5"}}
    dynamodb.delete_item(TableName=TABLE, Key=typed_key(105, "Joseph"))
    assert server.request("GET", "/items/105/Joseph?consistent_read=true").status == 404
