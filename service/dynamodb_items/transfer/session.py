"""What import and export have in common: the connection, and how the command ends."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from dynamodb_items.transfer.client.retries import RetryPolicy
from dynamodb_items.transfer.client.service import Service, http_client
from dynamodb_items.transfer.client.urls import is_protected
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped
from dynamodb_items.transfer.signals import Stop

TOKEN_VARIABLE = "DYNAMODB_ITEMS_TOKEN"  # noqa: S105 - a name, not a token
API_KEY_VARIABLE = "DYNAMODB_ITEMS_API_KEY"
_FIRST_REQUEST_SECONDS = 15.0
_SIGNAL_STATUS = 128


@dataclass(frozen=True, slots=True)
class Client:
    """The options that import and export share."""

    url: str
    headers: Sequence[tuple[str, str]]
    ca_file: str | None
    retry_seconds: float
    quiet: bool
    as_json: bool

    @contextmanager
    def connected(self, connections: int, stop: Stop) -> Iterator[tuple[Service, dict[str, Any]]]:
        """Yield the service and its OpenAPI document.

        Raises:
            TransferStopped: the service is unavailable, or the URL is not that of such a service.
        """
        headers = [*_credentials(), *self.headers]
        if headers and not is_protected(self.url):
            click.echo("Warning: the headers are sent without TLS.", err=True)
        with http_client(self.url, headers, self.ca_file, connections) as client:
            # A wrong URL should be reported sooner than an outage during the transfer.
            first = RetryPolicy(min(self.retry_seconds, _FIRST_REQUEST_SECONDS))
            document = Service(client, first, stop).document()
            yield Service(client, RetryPolicy(self.retry_seconds), stop), document


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command reports its result: as text for people, or as JSON."""

    command: str
    client: Client
    to_stderr: bool = False
    """Whether standard output is taken by items."""
    started: float = field(default_factory=time.monotonic)

    def report(self, sentence: str, status: int, summary: Mapping[str, Any] | None = None) -> int:
        """Print the result, and return the exit status."""
        if self.client.as_json:
            members = {
                "command": self.command,
                **(summary or {}),
                "message": sentence,
                "seconds": round(time.monotonic() - self.started, 3),
                "exit_status": status,
            }
            click.echo(json.dumps(members, ensure_ascii=False), err=self.to_stderr)
        elif not (self.client.quiet and status == ExitStatus.COMPLETE):
            click.echo(sentence, err=True)
        return status

    def report_failure(self, error: TransferStopped | Interrupted, stop: Stop) -> int:
        """Print why a transfer could not begin, and return the exit status."""
        if isinstance(error, Interrupted):
            return self.report("Stopped before the first response.", _signal_status(stop))
        return self.report(error.message, error.status)


def stopped(
    failure: TransferStopped | None, stop: Stop, done: str, state_path: Path | None
) -> tuple[int, str] | None:
    """Return the exit status and sentences of a transfer that is not complete; None if it is.

    ``done`` is how far it got, such as "1,000 items".
    """
    if failure is None and stop.signal_number is None:
        return None
    how_to_resume = (
        "Without --state it starts from the beginning when it is repeated."
        if state_path is None
        else f"Run the same command again to resume it; {state_path} records where."
    )
    sentences = f"Stopped after {done}. {how_to_resume}"
    if failure is None:
        return _signal_status(stop), sentences
    return failure.status, f"{failure.message}\n{sentences}"


def _signal_status(stop: Stop) -> int:
    """Return the exit status of a command that a signal has stopped.

    https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02
    """
    return _SIGNAL_STATUS + (stop.signal_number or 0)


def _credentials() -> list[tuple[str, str]]:
    token, api_key = os.environ.get(TOKEN_VARIABLE), os.environ.get(API_KEY_VARIABLE)
    return [
        *([("Authorization", f"Bearer {token}")] if token else []),
        *([("X-API-Key", api_key)] if api_key else []),
    ]
