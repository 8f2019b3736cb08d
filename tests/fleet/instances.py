"""Instances of the service, each with two workers and a wire of its own to the one table."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import requests

from tests.engines import process, wait_for
from tests.faults import conftest as faults
from tests.serving import Server, prepared
from tests.wire import Wire

WORKERS = 2
# On a busy machine, an engine takes longer than DynamoDB is allowed to.
PATIENT = {"ITEMS_READ_TIMEOUT_SECONDS": "5", "ITEMS_DEADLINE_SECONDS": "20"}
eventually = partial(faults.eventually, seconds=60)


class Instance:
    """One instance; it can be stopped, killed, starved and started again at the same address."""

    def __init__(self, endpoint: str, drain_seconds: int) -> None:
        self.wire = Wire(endpoint)
        self.command, self.environment, self.url = prepared(
            self.wire.url,
            *("-w", str(WORKERS)),
            ITEMS_TRUSTED_PROXIES="1",
            ITEMS_OPERATIONS="GetItem,PutItem,UpdateItem,DeleteItem,Query",
            ITEMS_DRAIN_SECONDS=str(drain_seconds),
            ITEMS_PROBE_INTERVAL_SECONDS="0.5",
            **PATIENT,
        )
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._running = ExitStack()
        self.child: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def server(self) -> Server:
        return Server(self.url, self.child.pid, self.log)

    @property
    def processes(self) -> list[int]:
        """The process ids of the arbiter and its workers."""
        return [self.child.pid, *self.server.workers]

    def start(self) -> None:
        self.child = self._running.enter_context(process(self.command, self.environment, self.log))

    def wait_until_ready(self) -> None:
        wait_for(f"{self.url}/ready", self.child)

    def ready_status(self) -> int | None:
        try:
            return requests.get(f"{self.url}/ready", timeout=5).status_code
        except requests.RequestException:
            return None

    def stop(self) -> None:
        """Stop in order, as systemd does."""
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(60)
        self._running.close()

    def kill(self) -> None:
        """End every process at once, as a failure of the machine does."""
        for pid in self.processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait(10)
        self._running.close()

    def reload(self) -> None:
        self.child.send_signal(signal.SIGHUP)

    @contextmanager
    def starved(self, share: float) -> Iterator[None]:
        """Let the instance run for this share of the time only."""
        done = threading.Event()
        pids = self.processes

        def starve() -> None:
            while not done.is_set():
                _signal(pids, signal.SIGSTOP)
                done.wait(0.1 * (1 - share))
                _signal(pids, signal.SIGCONT)
                done.wait(0.1 * share)

        thread = threading.Thread(target=starve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            _signal(pids, signal.SIGCONT)

    def served(self) -> int:
        """Return how many requests of clients the log contains."""
        return sum(line.get("route", "").startswith("/items") for line in self.server.log)

    def close(self) -> None:
        if self.child.poll() is None:
            self.kill()
        self._running.close()
        self.wire.close()
        self.log.close()


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Fleet:
    """Three instances."""

    def __init__(self, endpoint: str, drain_seconds: int) -> None:
        self.instances = [Instance(endpoint, drain_seconds) for _ in range(3)]

    def start(self) -> None:
        for instance in self.instances:
            instance.start()
        for instance in self.instances:
            instance.wait_until_ready()

    def recover(self) -> None:
        """Have every instance ready and every wire whole."""
        for instance in self.instances:
            instance.wire.heal()
        eventually(lambda: all(each.ready_status() == 200 for each in self.instances))

    @contextmanager
    def without_table(self) -> Iterator[None]:
        """Cut every instance off from the table."""
        with ExitStack() as stack:
            for instance in self.instances:
                stack.enter_context(instance.wire.down())
            yield

    def workers(self) -> set[int]:
        return {pid for instance in self.instances for pid in instance.server.workers}

    def close(self) -> None:
        for instance in self.instances:
            instance.close()


def pause(seconds: float) -> None:
    """Let clients send requests for so long."""
    time.sleep(seconds)
