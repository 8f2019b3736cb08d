"""The table of aiodynamo, for the two servers that use it."""

import os
from contextlib import asynccontextmanager

from aiodynamo.client import Client
from aiodynamo.credentials import Credentials
from aiodynamo.http.aiohttp import AIOHTTP
from aiohttp import ClientSession, TCPConnector
from yarl import URL


@asynccontextmanager
async def connected_table():
    """Yield the table, with as many connections as there are requests in flight."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        client = Client(
            AIOHTTP(session),
            Credentials.auto(),
            os.environ["AWS_REGION"],
            endpoint=URL(os.environ["AWS_ENDPOINT_URL_DYNAMODB"]),
        )
        yield client.table(os.environ["BENCH_TABLE"])
