"""What a load balancer asks: is the process alive, and can it reach its table.

The probe reads a reserved key in the background, one read per worker and interval, so that
being asked costs nothing and needs no permission beyond GetItem.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Response, current_app
from flask.views import MethodView
from flask_smorest import Blueprint

from service.errors import ItemNotFound, StorageError, StorageThrottled
from service.items import ItemKey, KeySchema
from service.storage.repository import ItemRepository
from service.web.documentation import LIVENESS, READINESS
from service.web.problem_responses import not_ready_response

log = structlog.get_logger(__name__)

FAILURES_UNTIL_NOT_READY = 3
# Any legal key does; an item that happens to be there does no harm.
RESERVED_KEY = {"N": "0", "S": "_ready"}


class Probe:
    """Whether the table can be read, as of the last few probes."""

    def __init__(
        self, repository: ItemRepository, key_schema: KeySchema, interval_seconds: float
    ) -> None:
        self._repository = repository
        self._key = reserved_key(key_schema)
        self._interval_seconds = interval_seconds
        self._ready = False
        self._failures = 0
        self._owner_pid: int | None = None
        self._lock = threading.Lock()
        self.draining: Callable[[], bool] = bool
        """Set by the server that runs the app: whether it is about to stop."""

    @property
    def reason_not_ready(self) -> str | None:
        """Why no request should be sent here, None when all is well."""
        if self.draining():
            return "This process is stopping."
        if not self._ready:
            return "The table cannot be read at the moment."
        return None

    def start(self) -> None:
        """Probe in the background from now on; a second start in one process does nothing."""
        with self._lock:
            if self._owner_pid == os.getpid():
                return
            self._owner_pid = os.getpid()
            threading.Thread(target=self._run, name="readiness-probe", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._probe()
            time.sleep(self._interval_seconds)

    def _probe(self) -> None:
        try:
            self._repository.get(self._key)
        except (ItemNotFound, StorageThrottled):
            self._succeed()
        except StorageError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the probe must outlive any defect
            self._fail(error)
        else:
            self._succeed()

    def _succeed(self) -> None:
        if not self._ready:
            log.info("ready")
        self._ready = True
        self._failures = 0

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._ready and self._failures >= FAILURES_UNTIL_NOT_READY:
            self._ready = False
            log.error("not ready", failed_probes=self._failures, error=str(error))


def reserved_key(key_schema: KeySchema) -> ItemKey:
    """The key that probes read."""
    return key_schema.key(
        RESERVED_KEY[key_schema.partition.type], RESERVED_KEY[key_schema.sort.type]
    )


health = Blueprint("Health", __name__, description="For load balancers.")


@health.route("/live")
class Liveness(MethodView):
    """The process."""

    init_every_request = False

    @health.doc(**LIVENESS)
    def get(self) -> Response:
        """Whether the process answers"""
        return _status("alive")


@health.route("/ready")
class Readiness(MethodView):
    """The process and its table."""

    init_every_request = False

    @health.doc(**READINESS)
    def get(self) -> Response:
        """Whether requests should be sent here"""
        probe: Probe = current_app.extensions["probe"]
        probe.start()
        reason = probe.reason_not_ready
        return not_ready_response(reason) if reason else _status("ready")


def _status(status: str) -> Response:
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    return Response(f'{{"status":"{status}"}}', headers=headers, content_type="application/json")
