"""Log lines of the service, of gunicorn and of libraries: JSON, or text in a terminal.

Text of a client is always encoded, so that it cannot forge another line. Logging never raises and
never waits: a line that cannot be written is counted as lost.
"""

import json
import logging
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from gunicorn import glogging
from structlog.typing import Processor

from dynamodb_items.runtime.output import (
    Output,
    output,
    protect_standard_streams,
    reopen_standard_streams,
)

log = structlog.get_logger(__name__)

_request_lines: Output | None = None
_audit_log: Any = log

_LINE = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE

# gunicorn repeats what it cannot parse, such as a path with a key or a header with a credential.
_CLIENT_TEXT = re.compile(
    r"(Invalid request from ip=\S+: [A-Za-z ]*|Error handling request ).*", re.DOTALL
)


def configure_logging(level: str) -> None:
    """Write log lines of this level and above to standard output.

    Warnings of libraries go to standard error.
    """
    global _request_lines, _audit_log  # noqa: PLW0603 - structlog's configuration is global too
    protect_standard_streams()
    pretty = output("stdout").isatty()
    threshold = logging.getLevelName(level.upper())
    processors = [*_common_processors(), *_rendering(pretty)]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_arguments: _Lines(output("stdout")),
        cache_logger_on_first_use=True,
    )
    is_direct = not pretty and threshold <= logging.INFO
    _request_lines = output("stdout") if is_direct else None
    _audit_log = structlog.wrap_logger(
        _Lines(output("stdout")),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def write_request_line(fields: dict[str, Any]) -> None:
    """Write the line of one request as ``log.info("request", …)`` does, four times as fast."""
    if _request_lines is None:
        log.info("request", **fields)
        return
    # Added in place: a copy would take as long as writing the line.
    fields["event"], fields["level"], fields["timestamp"] = "request", "info", datetime.now(UTC)
    try:
        content = orjson.dumps(fields, option=_LINE)
    except TypeError:
        content = rendered(fields) + b"\n"
    _request_lines.write(content)


def write_audit_line(fields: dict[str, Any]) -> None:
    """Write one line of the audit log, whatever the log level is."""
    _audit_log.info("audit", **fields)


def formatter() -> logging.Formatter:
    """Return a formatter that gives lines of the standard library's logging the same format."""
    pretty = output("stderr").isatty()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(pretty),
            *([] if pretty else [_text]),
        ],
    )


class GunicornLogger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's own lines in the same format, without text that a client has sent."""

    def setup(self, cfg: Any) -> None:
        """Set the logger up as gunicorn does, then change the format."""
        protect_standard_streams()
        super().setup(cfg)
        reopen_standard_streams()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter())
            handler.addFilter(_withhold)

    def reopen_files(self) -> None:
        """Reopen log files, as for SIGUSR1."""
        super().reopen_files()
        reopen_standard_streams()


class _Lines:
    """A logger that writes the lines that structlog has rendered."""

    def __init__(self, stream: Output) -> None:
        self._stream = stream

    def msg(self, line: str | bytes) -> None:
        """Write one line."""
        content = line.encode("utf-8", "backslashreplace") if isinstance(line, str) else line
        self._stream.write(content + b"\n")

    debug = info = warning = error = critical = exception = msg


def _withhold(record: logging.LogRecord) -> bool:
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # the handler reports a message with the wrong arguments
        return True
    shortened = _CLIENT_TEXT.sub(r"\1", message)
    if shortened != message:
        record.msg, record.args = shortened, ()
    return True


def _common_processors() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(pretty: bool) -> list[Processor]:
    if pretty:
        # repr() escapes line ends and control sequences. A plain traceback, because that of rich
        # would contain the values of variables.
        renderer = structlog.dev.ConsoleRenderer(
            repr_native_str=True, exception_formatter=structlog.dev.plain_traceback
        )
        return [_with_fallback(renderer)]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=rendered),
    ]


def _with_fallback(render: Processor) -> Processor:
    """Return a renderer that falls back to JSON for a line that cannot be rendered."""

    def process(logger: Any, name: str, event: Any) -> Any:
        try:
            return render(logger, name, dict(event))
        except Exception:  # noqa: BLE001 - such as a value whose repr raises
            return rendered(event).decode()

    return process


def rendered(event: Any, **_options: Any) -> bytes:
    """Return an event with any values as one line of JSON."""
    try:
        return orjson.dumps(event, default=_described, option=orjson.OPT_UTC_Z)
    except TypeError:  # such as a lone surrogate, or a number of more than 64 bits
        with suppress(Exception):
            return json.dumps(event, default=_described, skipkeys=True).encode()
        return b'{"event":"log line cannot be rendered","level":"error"}'


def _described(value: Any) -> str:
    """Return a value as text; a value's own ``str`` may raise."""
    try:
        return value.isoformat() if isinstance(value, datetime) else str(value)
    except Exception:  # noqa: BLE001 - the line must be written after any failure
        return f"<{type(value).__qualname__}>"


def _text(_logger: Any, _name: str, rendered: Any) -> str:
    text: str = rendered.decode()
    return text
