"""The model's engines: each with the tutorial's table, and two tables with other keys."""

from collections.abc import Iterator

import pytest

from tests.conftest import Engine, running_engine
from tests.engines import ENGINES, IS_SHORT
from tests.key_schemas import TUTORIAL

# With ITEMS_TEST_SHORT=true, one other key schema is enough.
OTHER_KEYS = ["ministack-S"] if IS_SHORT else ["ministack-S", "moto-B+N"]


@pytest.fixture(
    scope="session",
    params=[*(f"{engine}-{TUTORIAL}" for engine in ENGINES), *OTHER_KEYS],
)
def engine(request) -> Iterator[Engine]:
    """Yield each engine in turn, with a table of a key schema."""
    with running_engine(*request.param.split("-")) as engine:
        yield engine
