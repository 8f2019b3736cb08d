"""A worker that is frozen between requests, as on Lambda."""

import os
import signal
import time

from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.engines import ENGINES, client_for
from tests.fleet.instances import PATIENT
from tests.serving import gunicorn
from tests.wire import Wire

FROZEN_SECONDS = 4
LAMBDA = ("--workers", "1", "--timeout", "0")


def test_the_first_request_after_a_freeze_succeeds():
    """Meanwhile DynamoDB has closed every connection."""
    with ENGINES["ministack"]() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        wire = Wire(endpoint)
        with gunicorn(wire.url, *LAMBDA, **PATIENT) as server:
            worker = server.workers
            for turn in range(2):
                path = f"/items/{turn}/frozen"
                put = server.request("PUT", path, "{}", Content_Type="application/json")
                assert put.status == 201
                for pid in (server.pid, *worker):
                    os.kill(pid, signal.SIGSTOP)
                with wire.down():
                    time.sleep(FROZEN_SECONDS)
                for pid in (server.pid, *worker):
                    os.kill(pid, signal.SIGCONT)
                assert server.request("GET", path).status == 200
            assert server.workers == worker, "it was not killed for its silence"
        wire.close()
