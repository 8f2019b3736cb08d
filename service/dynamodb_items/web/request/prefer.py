"""The Prefer header: should a write answer with the item.

https://www.rfc-editor.org/rfc/rfc7240#section-2
"""

import enum

from flask import Request
from werkzeug.http import parse_list_header, unquote_header_value


class Return(enum.Enum):
    """What a client prefers to get back."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"

    @property
    def applied(self) -> str:
        """The value of Preference-Applied that says so."""
        return f"return={self.value}"


def preferred_return(request: Request) -> Return | None:
    """The ``return`` preference; None where the client has none, or one that is unknown.

    Of several the first counts, as section 2 says.
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
