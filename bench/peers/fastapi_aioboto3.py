"""FastAPI and aioboto3's table resource, under uvicorn."""

import os
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aioboto3
from fastapi import Body, FastAPI, HTTPException, Request


@asynccontextmanager
async def lifespan(app):
    """Share one resource in the process."""
    async with aioboto3.Session().resource("dynamodb") as dynamodb:
        app.state.table = await dynamodb.Table(os.environ["BENCH_TABLE"])
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/items/{id}/{name}")
async def get(id: int, name: str, request: Request):
    """Return the item."""
    response = await request.app.state.table.get_item(Key={"Id": id, "Name": name})
    if "Item" not in response:
        raise HTTPException(404)
    return response["Item"]


@app.put("/items/{id}/{name}")
async def put(id: int, name: str, request: Request, attributes: dict[str, Any] = Body()):
    """Replace the item."""
    item = {"Id": id, "Name": name, **attributes}
    await request.app.state.table.put_item(Item=_with_decimals(item))
    return item


@app.patch("/items/{id}/{name}")
async def patch(id: int, name: str, request: Request, changes: dict[str, Any] = Body()):
    """Change some attributes of the item."""
    response = await request.app.state.table.update_item(
        Key={"Id": id, "Name": name},
        UpdateExpression="SET "
        + ", ".join(f"#{index} = :{index}" for index in range(len(changes))),
        ExpressionAttributeNames={f"#{index}": name for index, name in enumerate(changes)},
        ExpressionAttributeValues={
            f":{index}": _with_decimals(value) for index, value in enumerate(changes.values())
        },
        ReturnValues="ALL_NEW",
    )
    return response["Attributes"]


def _with_decimals(value):
    """Return the value without binary floats, which boto3 rejects."""
    match value:
        case float():
            return Decimal(str(value))
        case dict():
            return {name: _with_decimals(member) for name, member in value.items()}
        case list():
            return [_with_decimals(member) for member in value]
        case _:
            return value
