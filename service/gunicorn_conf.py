"""gunicorn's settings, one reason each. Flags and GUNICORN_CMD_ARGS override them.

https://gunicorn.org/reference/settings/
"""

from typing import Any

import gunicorn.http.message

# A greenlet per request: a worker that waits for DynamoDB serves others meanwhile.
worker_class = "gevent"

# No limit may refuse a legal key: two strings, each byte percent-encoded, take 9,216 bytes.
# gunicorn takes no limit above its own greatest, 8,190 bytes, except 0, which lets a request line
# grow until memory ends; so its greatest goes up.
limit_request_line = 12_288
gunicorn.http.message.MAX_REQUEST_LINE = limit_request_line

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
