"""gunicorn's settings, one reason each. Flags and GUNICORN_CMD_ARGS override them.

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
    from ssl import SSLContext  # the worker has yet to patch it

try:
    _settings = Settings.from_environment(os.environ)
except SettingsError as error:
    error.end_the_start()  # here it is said once, and not by each worker

raise_limit()

# Made here, so that all workers share it.
_instance = Instance()

# A greenlet per connection: a worker that waits for DynamoDB, or for a slow client, serves others
# meanwhile.
worker_class = "dynamodb_items.server.worker.Worker"

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

# Heartbeats without a disk: containers may have a read-only file system.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - Linux has it
control_socket_disable = True


# Which proxies may say where a request came from is ITEMS_TRUSTED_PROXIES alone; and gunicorn's
# default compares each peer with two networks, at 15 microseconds a request.
forwarded_allow_ips = ""


# One form for all lines, and nothing of what a client has sent.
logger_class = "dynamodb_items.observability.logs.GunicornLogger"

if _settings.admin_bind is not None:
    try:
        _folder = tempfile.mkdtemp(prefix="items-metrics-", dir=worker_tmp_dir)
    except OSError:  # /dev/shm may be full
        _folder = tempfile.mkdtemp(prefix="items-metrics-")
    # Before anything imports prometheus_client, which with --preload the arbiter does.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder


def ssl_context(
    _config: Any, default_ssl_context_factory: "Callable[[], SSLContext]"
) -> "SSLContext":
    """Leave the handshake to whoever reads from the connection: the worker counts the time of those
    that it serves, and of no others.
    """
    context = default_ssl_context_factory()
    context.wrap_socket = partial(  # type: ignore[method-assign]
        context.wrap_socket, do_handshake_on_connect=False
    )
    return context


def when_ready(server: Any) -> None:
    """Have ``/ready`` report it when the arbiter stops, and open the admin port."""
    server.stop = partial(_stop, server, server.stop)
    _open_admin_port()


def _stop(server: Any, stop: Callable[..., None], *arguments: Any) -> None:
    # In a binary upgrade another arbiter serves on the same listeners: the instance does not stop.
    if server.reexec_pid == server.master_pid == 0:
        _instance.mark_stopping()
    stop(*arguments)


def _open_admin_port() -> None:
    """Open the admin port, in a process that ends when the arbiter and all workers have."""
    if _settings.admin_bind is None:
        return
    host, port = _settings.admin_bind
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    root = str(Path(__file__).parent.parent)
    # The writing end stays open here and in the workers, which inherit it.
    reading, _writing = os.pipe()
    # Not subprocess: gevent's waits for children with a handler of the arbiter's own signal.
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
    """Count no more what a worker that is gone had under way."""
    if _settings.admin_bind is not None:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

        with suppress(OSError):  # what is raised here would end the arbiter
            mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def pre_fork(server: Any, _worker: Any) -> None:
    """Serve no table openly to other machines unless that was asked for.

    Here the listeners are known, whoever chose them, also after a reload.
    """
    if os.environ.get("ITEMS_AUTH"):
        return
    addresses = [listener.sock.getsockname() for listener in server.LISTENERS]
    reachable = [each for each in addresses or server.address if not is_local(each)]
    if reachable:
        host, port, *_ = reachable[0]
        raise HaltServer(
            f"ITEMS_AUTH is not set, and {host}:{port} is reached from other machines. Set it to "
            "jwt or api-key, or to none to let in everyone who reaches the service.",
            Arbiter.APP_LOAD_ERROR,
        )


def post_fork(_server: Any, _worker: Any) -> None:
    """Look for no garbage while the app loads: all of it stays, and looking takes as long as a
    tenth of the start.
    """
    gc.disable()


def post_worker_init(worker: Any) -> None:
    """Prepare the worker, and begin to probe the table at once."""
    worker.drain_seconds = _settings.drain_seconds
    worker.max_in_flight = _settings.max_in_flight
    worker.prefers_plain_connections = _settings.fast_path
    # What is loaded by now stays for good: no collection needs to look at it again. A large item
    # is thousands of dictionaries, none of them in a cycle.
    gc.freeze()
    # A full collection looks at every object of the requests under way, half a second where they
    # read a batch of large items, so it is rare: what is garbage is nearly always found young.
    gc.set_threshold(10_000, 20, 1_000)
    gc.enable()
    probe = worker.app.wsgi().extensions["probe"]
    probe.instance = _instance
    probe.start()
