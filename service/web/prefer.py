"""The Prefer header: should a write answer with the item.

https://www.rfc-editor.org/rfc/rfc7240#section-4.2
"""

import enum
import re

from flask import Request

_RETURN = re.compile(
    r'(?:^|,)\s*return\s*=\s*"?(minimal|representation)"?\s*(?=$|[,;])', re.IGNORECASE
)


class Return(enum.Enum):
    """What a client prefers to get back."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"

    @property
    def applied(self) -> str:
        """The value of Preference-Applied that says so."""
        return f"return={self.value}"


def preferred_return(request: Request) -> Return | None:
    """The first ``return`` preference, None where the client has none that is known."""
    match = _RETURN.search(",".join(request.headers.getlist("Prefer")))
    return Return(match[1].lower()) if match else None
