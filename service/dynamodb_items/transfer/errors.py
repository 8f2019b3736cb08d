"""Why a transfer stops, and the exit status of its command."""

import enum


class ExitStatus(enum.IntEnum):
    """The exit statuses of ``dynamodb-items import`` and ``export``.

    After a signal it is 128 and the number of the signal.
    """

    COMPLETE = 0
    LINES_REJECTED = 1
    USAGE = 2
    """As click uses it: invalid options, or a state file of another transfer."""
    UNAVAILABLE = 3
    """The service could not be reached, or was overloaded, for longer than the retries last."""
    NOT_ACCEPTED = 4
    """The service accepts no such request: credential, permission, URL, operation, certificate."""
    FILE_FAILED = 5
    """A local file cannot be read or written."""


class TransferStopped(Exception):
    """A transfer that cannot go on; the message is a sentence for the user."""

    def __init__(self, message: str, status: ExitStatus) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Interrupted(Exception):
    """The user stops the transfer while a request waits for its retry."""


def file_failed(action: str, name: str, error: OSError) -> TransferStopped:
    """Return the error of a local file, ``action`` being read or write."""
    reason = error.strerror or str(error)
    return TransferStopped(f"Cannot {action} {name}: {reason}.", ExitStatus.FILE_FAILED)
