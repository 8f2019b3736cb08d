"""FastAPI and aiodynamo on aiohttp, under uvicorn."""

from contextlib import asynccontextmanager
from typing import Any

from aiodynamo.errors import ItemNotFound
from aiodynamo.expressions import F
from aiodynamo.models import ReturnValues
from fastapi import Body, FastAPI, HTTPException, Request

from bench.peers.aiodynamo_table import connected_table


@asynccontextmanager
async def lifespan(app):
    """Share one client in the process."""
    async with connected_table() as app.state.table:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/items/{id}/{name}")
async def get(id: int, name: str, request: Request):
    """Return the item."""
    try:
        return await request.app.state.table.get_item({"Id": id, "Name": name})
    except ItemNotFound:
        raise HTTPException(404) from None


@app.put("/items/{id}/{name}")
async def put(id: int, name: str, request: Request, attributes: dict[str, Any] = Body()):
    """Replace the item."""
    item = {"Id": id, "Name": name, **attributes}
    await request.app.state.table.put_item(item)
    return item


@app.patch("/items/{id}/{name}")
async def patch(id: int, name: str, request: Request, changes: dict[str, Any] = Body()):
    """Change some attributes of the item."""
    expression, *others = (F(name).set(value) for name, value in changes.items())
    for other in others:
        expression &= other
    return await request.app.state.table.update_item(
        {"Id": id, "Name": name}, expression, return_values=ReturnValues.all_new
    )
