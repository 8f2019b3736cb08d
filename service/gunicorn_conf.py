"""gunicorn's settings, one reason each. Flags and GUNICORN_CMD_ARGS override them.

https://gunicorn.org/reference/settings/
"""

import gc
import math
import os
from pathlib import Path
from typing import Any

import gunicorn.http.message

from service.settings import Settings, SettingsError

try:
    _settings = Settings.from_environment(os.environ)
except SettingsError:
    _settings = Settings()  # service.wsgi reports the mistakes and ends the start

# A greenlet per connection: a worker that waits for DynamoDB, or for a slow client, serves others
# meanwhile.
worker_class = "service.worker.Worker"

# No limit may refuse a legal key: two strings, each byte percent-encoded, take 9,216 bytes.
# gunicorn takes no limit above its own greatest, 8,190 bytes, except 0, which lets a request line
# grow until memory ends; so its greatest goes up.
limit_request_line = 12_288
gunicorn.http.message.MAX_REQUEST_LINE = limit_request_line

# Longer than the 60 seconds of an AWS load balancer, so that it is never the
# service that closes a connection on which a request is under way.
keepalive = 75

# The drain, then the requests under way, each within its deadline, and time to say goodbye.
graceful_timeout = math.ceil(_settings.drain_seconds + _settings.deadline_seconds + 10)

# Nothing here depends on what a proxy says of the scheme or the prefix, so no peer needs to be
# trusted; gunicorn's default compares each one with two networks, at 15 microseconds a request.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "")

# Heartbeats without a disk: containers may have a read-only file system.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - Linux has it
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Begin to probe the table at once, and say when the worker is about to stop."""
    worker.drain_seconds = _settings.drain_seconds
    # What is loaded by now stays for good: no collection needs to look at it again. A large item
    # is thousands of dictionaries, none of them in a cycle.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    probe = worker.app.wsgi().extensions["probe"]
    probe.draining = lambda: getattr(worker, "draining", False) or not worker.alive
    probe.start()
