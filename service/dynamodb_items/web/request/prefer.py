"""The Prefer header: whether the response to a write contains the item.

https://www.rfc-editor.org/rfc/rfc7240#section-2
"""

import enum

from flask import Request
from werkzeug.http import parse_list_header, unquote_header_value

from dynamodb_items.web.middleware.authentication import caller_may_read


class Return(enum.Enum):
    """What a client prefers to receive."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"

    @property
    def applied(self) -> str:
        """The value of ``Preference-Applied`` for this preference."""
        return f"return={self.value}"


def preferred_return(request: Request) -> Return | None:
    """Return the ``return`` preference; None if it is absent or unknown.

    The first of several counts (section 2).
    """
    header = request.environ.get("HTTP_PREFER")
    if not header:
        return None
    for preference in parse_list_header(header):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "return":
            preferred = unquote_header_value(value.strip()).lower()
            return next((known for known in Return if known.value == preferred), None)
    return None


def permitted_return(request: Request) -> Return | None:
    """Return the ``return`` preference; not ``representation`` for a caller that may not read."""
    prefers = preferred_return(request)
    return None if prefers is Return.REPRESENTATION and not caller_may_read() else prefers
