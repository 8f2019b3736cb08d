"""gunicorn's settings, one reason each. Flags and GUNICORN_CMD_ARGS override them.

https://gunicorn.org/reference/settings/
"""

import os
from typing import Any

# A greenlet per request: a worker that waits for DynamoDB serves others meanwhile.
worker_class = "gevent"

# No limit may refuse a legal key. A number and a name of 1,024 bytes, each percent-encoded, fit
# gunicorn's largest limit; two strings take up to 9,216 bytes, so there the limit has to go.
limit_request_line = 8190 if os.environ.get("ITEMS_PARTITION_KEY", "Id:N").endswith(":N") else 0

# Longer than the 60 seconds of an AWS load balancer, so that it is never the
# service that closes a connection on which a request is under way.
keepalive = 75

# A request ends within ITEMS_DEADLINE_SECONDS; this leaves room for twice the default.
graceful_timeout = 15

# Heartbeats without a disk: containers may have a read-only file system.
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Begin to probe the table at once, and say when the worker is about to stop."""
    probe = worker.app.wsgi().extensions["probe"]
    probe.draining = lambda: not worker.alive
    probe.start()
