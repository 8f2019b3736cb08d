"""Import and export as users run them: processes that are read, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dynamodb_items.local.processes import running

WAIT_SECONDS = 100


@dataclass(frozen=True)
class Ended:
    status: int
    output: str
    error: str
    peak_bytes: int

    @property
    def summary(self):
        return json.loads(self.output)


class Command:
    """A running command."""

    def __init__(self, process, folder):
        self.process = process
        self._folder = folder
        self._peak_bytes = 0

    def wait(self) -> Ended:
        """Wait for the end, and read the memory until then."""
        until = time.monotonic() + WAIT_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < until, "the command does not end"
            self._peak_bytes = peak_bytes(self.process.pid) or self._peak_bytes
            time.sleep(0.02)
        read = (self._folder / "output").read_text, (self._folder / "error").read_text
        return Ended(self.process.returncode, *(each() for each in read), self._peak_bytes)

    def stop(self, number: int) -> Ended:
        os.kill(self.process.pid, number)
        return self.wait()

    def wait_until(self, condition) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert self.process.poll() is None, (self._folder / "error").read_text()
            assert time.monotonic() < until, "the condition does not become true"
            time.sleep(0.01)


@contextmanager
def command(folder: Path, *arguments, stdin=subprocess.DEVNULL, **environment):
    """Run a command with its output in files."""
    outputs = folder / "outputs"
    outputs.mkdir(exist_ok=True)
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DYNAMODB_ITEMS_", "AWS_", "ITEMS_", "SSL_CERT_"))
    }
    with (
        (outputs / "output").open("wb") as output,
        (outputs / "error").open("wb") as error,
        running(
            [sys.executable, "-m", "dynamodb_items", *map(str, arguments)],
            env=variables | environment,
            cwd=folder,
            stdin=stdin,
            stdout=output,
            stderr=error,
        ) as process,
    ):
        yield Command(process, outputs)


def run(folder: Path, *arguments, **environment) -> Ended:
    """Run a command to its end."""
    with command(folder, *arguments, **environment) as running_command:
        return running_command.wait()


def killed_after_progress(folder: Path, done, *arguments) -> int:
    """Run a command, kill it when the amount done has grown, and return that amount."""
    before = done()
    with command(folder, *arguments) as running_command:
        running_command.wait_until(lambda: done() > before)
        running_command.stop(signal.SIGKILL)
    return done()


def progress_of(state: Path) -> dict | None:
    """Return the progress that a state file has recorded."""
    try:
        return json.loads(state.read_bytes())["progress"]
    except FileNotFoundError:
        return None


def peak_bytes(pid: int) -> int | None:
    """Return the largest resident memory of a process so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes[0]) * 1024 if kilobytes else None
