"""flask-smorest, marshmallow and boto3's table resource, under gunicorn's threads."""

import os

import boto3
from botocore.config import Config
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint, abort
from marshmallow import Schema, fields

table = boto3.resource("dynamodb", config=Config(max_pool_connections=64)).Table(
    os.environ["BENCH_TABLE"]
)


class AddressSchema(Schema):
    """The map of an address."""

    Street = fields.String()
    City = fields.String()
    Zip = fields.String()


class OrderSchema(Schema):
    """The map of an order."""

    Sku = fields.String()
    Title = fields.String()
    Quantity = fields.Integer()
    Price = fields.Decimal(as_string=True)


class ItemSchema(Schema):
    """The attributes of an item."""

    Id = fields.Integer(dump_only=True)
    Name = fields.String(dump_only=True)
    Email = fields.String()
    Age = fields.Integer()
    Active = fields.Boolean()
    Address = fields.Nested(AddressSchema)
    Orders = fields.List(fields.Nested(OrderSchema))


items = Blueprint("items", __name__)


@items.route("/items/<int:id>/<name>")
class Item(MethodView):
    """The methods of an item."""

    @items.response(200, ItemSchema)
    def get(self, id, name):
        """Return the item."""
        response = table.get_item(Key={"Id": id, "Name": name})
        if "Item" not in response:
            abort(404)
        return response["Item"]

    @items.arguments(ItemSchema)
    @items.response(200, ItemSchema)
    def put(self, attributes, id, name):
        """Replace the item."""
        item = {"Id": id, "Name": name, **attributes}
        table.put_item(Item=item)
        return item

    @items.arguments(ItemSchema(partial=True))
    @items.response(200, ItemSchema)
    def patch(self, changes, id, name):
        """Change some attributes of the item."""
        response = table.update_item(
            Key={"Id": id, "Name": name},
            UpdateExpression="SET "
            + ", ".join(f"#{index} = :{index}" for index in range(len(changes))),
            ExpressionAttributeNames={f"#{index}": name for index, name in enumerate(changes)},
            ExpressionAttributeValues={
                f":{index}": value for index, value in enumerate(changes.values())
            },
            ReturnValues="ALL_NEW",
        )
        return response["Attributes"]


app = Flask(__name__)
app.config.update(API_TITLE="Items", API_VERSION="1", OPENAPI_VERSION="3.0.3")
Api(app).register_blueprint(items)
