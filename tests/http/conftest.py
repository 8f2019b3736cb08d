import pytest

from tests.serving import gunicorn


@pytest.fixture(scope="session")
def server(engine):
    """The service under gunicorn, with two workers, on each engine in turn."""
    with gunicorn(engine.wire.url, "-w", "2") as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb(engine):
    """A plain boto3 client of the same table, as any other user of it has."""
    return engine.dynamodb
