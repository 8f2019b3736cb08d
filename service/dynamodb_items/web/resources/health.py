"""Liveness and readiness for load balancers and supervisors.

``/ready`` reports failures of this instance alone. A table outage affects all instances at once:
if each reported itself as not ready, none would serve what the table can still serve.

The probe reads a reserved key in the background, one read per worker and interval, so that a
request for ``/ready`` costs nothing and needs no permission beyond GetItem.
"""

import os
import threading
import time
from typing import Any

import structlog
from flask import Response, current_app
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    ItemNotFound,
    KeySchemaMismatch,
    ServiceOverloaded,
    SignatureRejected,
    StorageError,
    StorageMisconfigured,
    StorageThrottled,
)
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.observability.events import UNOBSERVED, Observer
from dynamodb_items.runtime.background import run_in_background
from dynamodb_items.runtime.instance import Instance
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.storage.table_keys import key_settings_advice, reserved_key
from dynamodb_items.web.openapi.operations.health import LIVENESS, READINESS
from dynamodb_items.web.resources import Resource
from dynamodb_items.web.response.problem_responses import problem_response
from dynamodb_items.web.response.problems import NOT_READY

log = structlog.get_logger(__name__)

FAILURES_UNTIL_NOT_READY = 3
"""With ITEMS_READY_FOLLOWS_TABLE: failed probes in a row until the instance is not ready."""
NOT_READY_INTERVAL_SECONDS = 1.0

_STOPPING = "This instance is stopping."
_NEVER_READ = "The table has not been read yet."
_OTHER_KEYS = (
    "The table's key attributes are not those in ITEMS_PARTITION_KEY and ITEMS_SORT_KEY; the log "
    "has the advice."
)
_COMPARE_KEYS = "Compare ITEMS_PARTITION_KEY and ITEMS_SORT_KEY with the table's key attributes."
_TABLE_UNAVAILABLE = "The table cannot be read at the moment."
_NO_CREDENTIALS = "This instance has no valid AWS credentials."
_BAD_SIGNATURES = "AWS rejects this instance's signatures: its secret key or its clock is wrong."


class Probe:
    """The readiness of this instance, from the last reads of the table."""

    def __init__(
        self, repository: ItemRepository, settings: Settings, observer: Observer = UNOBSERVED
    ) -> None:
        self._repository = repository
        self._key_schema = settings.key_schema
        self._key = reserved_key(settings.key_schema)
        self._key_advice: str | None = None
        self._has_other_keys = False
        self._interval_seconds = settings.probe_interval_seconds
        self._follows_table = settings.ready_follows_table
        self._observer = observer
        self._own_failure: str | None = None
        self._failures = 0
        self._is_table_available: bool | None = None
        self._last_reason: str | None = _NEVER_READ
        self._owner_pid: int | None = None
        self._lock = threading.Lock()
        self.instance = Instance()
        """The instance that this process is a worker of; the server that runs the app sets it."""

    @property
    def reason_not_ready(self) -> str | None:
        """The reason why no request should be sent here; None while the instance is ready."""
        return _STOPPING if self.instance.is_stopping else self._reason()

    @property
    def is_table_available(self) -> bool:
        """Whether the latest read of the table succeeded."""
        return self._is_table_available is not False

    def start(self) -> None:
        """Start probing in the background; a second start in one process does nothing."""
        with self._lock:
            if self._owner_pid == os.getpid():
                return
            self._owner_pid = os.getpid()
            run_in_background("readiness-probe", self._step)

    def _step(self) -> None:
        self._probe()
        seconds = self._interval_seconds
        time.sleep(min(seconds, NOT_READY_INTERVAL_SECONDS) if self._reason() else seconds)

    def _probe(self) -> None:
        error: Exception | None = None
        try:
            self._repository.get(self._key)
        except (ItemNotFound, StorageThrottled):
            pass  # both prove that the table exists and may be read
        except ServiceOverloaded:
            return  # this shows nothing about the table, and other requests may succeed
        except (CredentialsUnavailable, SignatureRejected) as failure:
            has_none = isinstance(failure, CredentialsUnavailable)
            self._own_failure = _NO_CREDENTIALS if has_none else _BAD_SIGNATURES
            self._report_change(failure)
            return
        except Exception as failure:  # noqa: BLE001 - after a defect here the table is unread too
            error = failure
        if error is None or isinstance(error, StorageMisconfigured):
            self._own_failure = None  # AWS accepted the signature
        self._has_other_keys = isinstance(error, KeySchemaMismatch)
        self._note_table(error)
        self._report_change(error)

    def _note_table(self, error: Exception | None) -> None:
        is_available = error is None
        if is_available:
            self.instance.mark_ready()
            self._failures = 0
        else:
            self._failures += 1
        if is_available != self.is_table_available:
            if is_available:
                log.info("table available")
            else:
                log.error("table unavailable", error=str(error))
        self._is_table_available = is_available
        self._observer.table_probed(is_available=is_available)

    def _report_change(self, error: Exception | None) -> None:
        reason, before = self._reason(), self._last_reason
        self._last_reason = reason
        if reason == before:
            return
        if reason is None:
            log.info("ready")
        else:
            advice = {"advice": self._advise_on_keys()} if reason is _OTHER_KEYS else {}
            log.error("not ready", reason=reason, error=str(error), **advice)

    def _advise_on_keys(self) -> str:
        """Return the settings to change, which reads find once."""
        if self._key_advice is None:
            try:
                self._key_advice = key_settings_advice(self._key_schema, self._accepts)
            except StorageError:
                return _COMPARE_KEYS
        return self._key_advice

    def _accepts(self, key: ItemKey) -> bool:
        try:
            self._repository.get(key)
        except (ItemNotFound, StorageThrottled):
            return True
        except KeySchemaMismatch:
            return False
        return True

    def _reason(self) -> str | None:
        if self._own_failure:
            return self._own_failure
        if not self.instance.has_been_ready:
            return _OTHER_KEYS if self._has_other_keys else _NEVER_READ
        if self._follows_table and self._failures >= FAILURES_UNTIL_NOT_READY:
            return _TABLE_UNAVAILABLE
        return None


health = Blueprint("Health", __name__, description="For load balancers.")


@health.route("/live")
class Liveness(Resource):
    """The liveness of the process."""

    @health.doc(**LIVENESS)
    def get(self) -> Response:
        """Return 200 as long as the process is alive."""
        return _json('{"status":"alive"}')


@health.route("/ready")
class Readiness(Resource):
    """The readiness of the instance."""

    @health.doc(**READINESS)
    def get(self) -> Response:
        """Report whether requests should be sent to this instance."""
        probe: Probe = current_app.extensions["probe"]
        probe.start()
        reason = probe.reason_not_ready
        if reason:
            return problem_response(NOT_READY, reason)
        table = "available" if probe.is_table_available else "unavailable"
        return _json(f'{{"status":"ready","table":"{table}"}}')


def _json(content: str) -> Response:
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    return Response(content, headers=headers, content_type="application/json")
