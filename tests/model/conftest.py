"""The model's engines: each with the tutorial's table, and two tables with other keys."""

from collections.abc import Iterator

import pytest

from tests.conftest import Engine, running_engine
from tests.engines import ENGINES
from tests.key_schemas import TUTORIAL


@pytest.fixture(
    scope="session",
    params=[*(f"{engine}-{TUTORIAL}" for engine in ENGINES), "ministack-S", "moto-B+N"],
)
def engine(request) -> Iterator[Engine]:
    """Yield each engine in turn, with a table of a key schema."""
    with running_engine(*request.param.split("-")) as engine:
        yield engine
