"""Starlette and aiodynamo on aiohttp, under uvicorn."""

from contextlib import asynccontextmanager

from aiodynamo.errors import ItemNotFound
from aiodynamo.expressions import F, HashKey
from aiodynamo.models import ReturnValues
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.peers.aiodynamo_table import connected_table


@asynccontextmanager
async def lifespan(app):
    """Share one client in the process."""
    async with connected_table() as app.state.table:
        yield


async def get(request):
    """Return the item."""
    try:
        return JSONResponse(await request.app.state.table.get_item(_key(request)))
    except ItemNotFound:
        raise HTTPException(404) from None


async def page(request):
    """Return a page of a partition."""
    found = await request.app.state.table.query_single_page(
        HashKey("Id", request.path_params["id"]), limit=int(request.query_params["limit"])
    )
    return JSONResponse({"items": found.items, "next": found.last_evaluated_key})


async def put(request):
    """Replace the item."""
    item = {**_key(request), **await request.json()}
    await request.app.state.table.put_item(item)
    return JSONResponse(item)


async def patch(request):
    """Change some attributes of the item."""
    changes = await request.json()
    expression, *others = (F(name).set(value) for name, value in changes.items())
    for other in others:
        expression &= other
    item = await request.app.state.table.update_item(
        _key(request), expression, return_values=ReturnValues.all_new
    )
    return JSONResponse(item)


def _key(request):
    return {"Id": request.path_params["id"], "Name": request.path_params["name"]}


_PATH = "/items/{id:int}/{name}"
app = Starlette(
    routes=[
        Route(_PATH, get, methods=["GET"]),
        Route("/items/{id:int}", page, methods=["GET"]),
        Route(_PATH, put, methods=["PUT"]),
        Route(_PATH, patch, methods=["PATCH"]),
    ],
    lifespan=lifespan,
)
