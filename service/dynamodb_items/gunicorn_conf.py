"""gunicorn's settings, each with its reason. Options and GUNICORN_CMD_ARGS override them.

https://gunicorn.org/reference/settings/
"""

import gc
import math
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gunicorn.http.message
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from dynamodb_items.config.addresses import is_local
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.runtime.descriptors import raise_limit
from dynamodb_items.runtime.instance import Instance

if TYPE_CHECKING:
    from ssl import SSLContext  # gevent must patch ssl before it is imported

try:
    _settings = Settings.from_environment(os.environ)
except SettingsError as error:
    error.exit()  # the arbiter reports it once; each worker would repeat it

raise_limit()

# Created in the arbiter, so that all workers share it.
_instance = Instance()

# A greenlet per connection: a worker that waits for DynamoDB or for a slow client serves others.
worker_class = "dynamodb_items.server.worker.Worker"

# Every legal key must fit: two strings with each byte percent-encoded take 9,216 bytes, a partition
# with both ends of a range 12,288. A load balancer of AWS accepts 16 KB:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
# gunicorn accepts at most 8,190, or 0 for no limit at all, so its maximum is raised.
limit_request_line = 16_384
gunicorn.http.message.MAX_REQUEST_LINE = limit_request_line

# Longer than the 60 seconds of an AWS load balancer: the service must not close a connection on
# which the load balancer is sending a request.
keepalive = 75

# The drain, then the requests in flight, each within its deadline, then 10 seconds to close.
graceful_timeout = math.ceil(_settings.drain_seconds + _settings.deadline_seconds + 10)

# Heartbeats need no disk: containers may have a read-only file system.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - Linux has it
control_socket_disable = True


# ITEMS_TRUSTED_PROXIES alone decides whose forwarded addresses are used. gunicorn's default would
# also compare each peer with two networks, at 15 microseconds a request.
forwarded_allow_ips = ""


# One format for all log lines, without anything that a client has sent.
logger_class = "dynamodb_items.observability.logs.GunicornLogger"

if _settings.admin_bind is not None:
    try:
        _folder = tempfile.mkdtemp(prefix="items-metrics-", dir=worker_tmp_dir)
    except OSError:  # /dev/shm is full
        _folder = tempfile.mkdtemp(prefix="items-metrics-")
    # Set before prometheus_client is imported; with --preload the arbiter imports it.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder


def ssl_context(
    _config: Any, default_ssl_context_factory: "Callable[[], SSLContext]"
) -> "SSLContext":
    """Return a context that leaves the TLS handshake to the first read.

    The worker limits the time of the connections that it reads from, so this limits the handshake.
    """
    context = default_ssl_context_factory()
    context.wrap_socket = partial(  # type: ignore[method-assign]
        context.wrap_socket, do_handshake_on_connect=False
    )
    return context


def when_ready(server: Any) -> None:
    """Make ``/ready`` report when the arbiter stops, and open the admin port."""
    server.stop = partial(_stop, server, server.stop)
    _open_admin_port()


def _stop(server: Any, stop: Callable[..., None], *arguments: Any) -> None:
    # After a binary upgrade another arbiter serves on the same listeners: the instance goes on.
    if server.reexec_pid == server.master_pid == 0:
        _instance.mark_stopping()
    _instance.mark_ending()
    stop(*arguments)


def pre_exec(server: Any) -> None:
    """Start the new arbiter of a binary upgrade (SIGUSR2) with this one's command line.

    After ``python -m gunicorn`` gunicorn itself would run the file ``gunicorn/__main__.py``, whose
    folder has an ``http`` that hides the standard library's.
    """
    server.START_CTX["args"] = [sys.executable, *sys.orig_argv[1:]]


def _open_admin_port() -> None:
    """Open the admin port, in a process that ends when the arbiter and all workers have ended."""
    if _settings.admin_bind is None:
        return
    host, port = _settings.admin_bind
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    root = str(Path(__file__).parent.parent)
    # The writing end stays open here and in the workers, which inherit it.
    reading, _writing = os.pipe()
    # Not subprocess: gevent's needs a handler of SIGCHLD, which the arbiter has for itself.
    os.posix_spawn(
        sys.executable,
        [
            sys.executable,
            "-m",
            "dynamodb_items.observability.metrics_server",
            host,
            str(port),
            folder,
        ],
        {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
        file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0)],
        setsid=True,
    )
    os.close(reading)


def child_exit(_server: Any, worker: Any) -> None:
    """Remove the requests of a worker that has ended from the gauge of those in flight."""
    if _settings.admin_bind is not None:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

        with suppress(OSError):  # an exception would end the arbiter
            mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def pre_fork(server: Any, worker: Any) -> None:
    """Count the worker, and reject an address that other machines reach unless ITEMS_AUTH is set.

    Here the listeners are known, wherever they were configured, also after a reload.
    """
    _instance.mark_started(worker.age)
    if os.environ.get("ITEMS_AUTH"):
        return
    addresses = [listener.sock.getsockname() for listener in server.LISTENERS]
    reachable = [each for each in addresses or server.address if not is_local(each)]
    if reachable:
        host, port, *_ = reachable[0]
        raise HaltServer(
            f"ITEMS_AUTH is not set, and other machines can reach {host}:{port}. Set it to jwt or "
            "api-key, or to none to accept every request without authentication.",
            Arbiter.APP_LOAD_ERROR,
        )


def post_worker_init(worker: Any) -> None:
    """Configure the worker and start its readiness probe."""
    worker.instance = _instance
    worker.drain_seconds = _settings.drain_seconds
    worker.max_in_flight = _settings.max_in_flight
    worker.prefers_plain_connections = _settings.fast_path
    # What is loaded by now stays: no collection needs to look at it again.
    gc.freeze()
    # A full collection looks at every object of the requests in flight, half a second where they
    # read a batch of large items. It is rare, since nearly all garbage is found young.
    gc.set_threshold(10_000, 20, 1_000)
    probe = worker.app.wsgi().extensions["probe"]
    probe.instance = _instance
    probe.start()
    _instance.mark_serving(worker.age)
