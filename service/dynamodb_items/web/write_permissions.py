"""What a caller with the write scope alone may do: only what reveals nothing that is stored."""

from dynamodb_items.access.callers import Scope
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import NotPermitted
from dynamodb_items.storage.write_commands import Write, depends_on_values
from dynamodb_items.web.middleware.authentication import caller_may_read, scheme_of
from dynamodb_items.web.middleware.authenticators import granting_scopes
from dynamodb_items.web.middleware.context import current_context


def check_write_permitted(write: Write, settings: Settings) -> None:
    """Check that the outcome of a write reveals to its caller only what the caller may read.

    Raises:
        NotPermitted: the outcome depends on stored values, and the caller may not read.
    """
    if caller_may_read() or not depends_on_values(write):
        return
    read, needed = (granting_scopes(settings, scope)[0] for scope in (Scope.READ, Scope.WRITE))
    scheme = scheme_of(settings)
    if scheme is not None:
        current_context().challenge = scheme.scope_challenge(f"{read} {needed}")
    raise NotPermitted(
        "The outcome of this write depends on stored values: it has an entity tag, a condition, a "
        f"JSON Patch or an update of stored values. So it requires the scope {read} as well."
    )
