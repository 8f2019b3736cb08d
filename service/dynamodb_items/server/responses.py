"""Responses as bytes: head and body together, so that one system call sends both."""

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from gunicorn import SERVER

_BODILESS = frozenset({"204", "304"})
# Names are tokens; values contain no control characters or line ends (RFC 9110, section 5).
_STATUS = re.compile(r"[1-9][0-9]{2} [\x20-\x7e]*")
_FIELDS = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*")


class InvalidResponse(Exception):
    """A response of the application that is not valid in HTTP."""


class BufferedResponse:
    """The application's response to one request, collected until it is complete."""

    __slots__ = ("_fields", "_status", "_written")

    def __init__(self) -> None:
        self._status = ""
        self._fields: list[tuple[str, str]] = []
        self._written: list[bytes] = []

    def start(
        self,
        status: str,
        fields: list[tuple[str, str]],
        exc_info: Any = None,  # noqa: ARG002 - nothing has been sent yet
    ) -> Callable[[bytes], None]:
        """Accept status and headers, as WSGI's ``start_response`` does."""
        self._status, self._fields = status, fields
        return self._written.append

    def encoded(self, content: bytes, method: str, *, closes: bool) -> bytes:
        """Return the response as it is sent.

        Raises:
            InvalidResponse: the status or a header is not valid in HTTP.
        """
        if self._written:
            content = b"".join((*self._written, content))
        fields = "".join([f"{name}: {value}\r\n" for name, value in self._fields])
        status = self._status
        # A value that contains a line end would become two fields.
        are_valid = fields.count("\n") == len(self._fields) and _FIELDS.fullmatch(fields)
        if not are_valid or not _STATUS.fullmatch(status):
            raise InvalidResponse("the application's status or one of its headers is malformed")
        if status[:3] in _BODILESS or method == "HEAD":
            content = b""
        elif "Content-Length: " not in fields:
            fields = f"{fields}Content-Length: {len(content)}\r\n"
        head = (
            f"HTTP/1.1 {status}\r\nServer: {SERVER}\r\nDate: {_date()}\r\n"
            f"Connection: {'close' if closes else 'keep-alive'}\r\n{fields}\r\n"
        )
        return head.encode("latin-1") + content


_latest_date = (0, "")


def _date() -> str:
    """Return the value of the Date header.

    https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
    """
    global _latest_date  # noqa: PLW0603 - formatting takes longer than the rest of the head
    now = int(time.time())
    second, date = _latest_date
    if second != now:
        date = formatdate(now, usegmt=True)
        _latest_date = now, date
    return date
