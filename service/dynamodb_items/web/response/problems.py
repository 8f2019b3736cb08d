"""The one table from what goes wrong to the RFC 9457 problem that a client sees.

https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from dynamodb_items.domain import errors

DOCUMENTATION_PATH = "/docs/errors"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its place in the documentation, its status, when to try again."""

    slug: str
    status: HTTPStatus
    title: str
    advice: str
    retry_after_seconds: tuple[int, int] | None = None
    """The least and the most; spread, so that clients don't come back all at once."""

    @property
    def type(self) -> str:
        """The URI reference of its documentation."""
        return f"{DOCUMENTATION_PATH}#{self.slug}"


def _problem(
    slug: str, status: int, title: str, advice: str, retry_after: tuple[int, int] | None = None
) -> Problem:
    return Problem(slug, HTTPStatus(status), title, advice, retry_after)


OVERLOADED = _problem(
    "overloaded",
    503,
    "The service is busy",
    "Nothing was written. Retry after the time given; there are more requests, bytes of bodies or "
    "connections under way than one worker takes on, from all callers or from one.",
    (1, 1),
)

PROBLEMS: Mapping[type[errors.ItemsError], Problem] = {
    errors.Unauthenticated: _problem(
        "unauthenticated",
        401,
        "The caller is not known",
        "Send a valid credential; `WWW-Authenticate` says of which kind, and `detail` what is "
        "wrong with the one sent.",
    ),
    errors.NotPermitted: _problem(
        "not-permitted",
        403,
        "The caller may not do this",
        "Reads need the scope `items:read`, writes `items:write`. A caller that is held to one "
        "partition reaches no item outside of it.",
    ),
    errors.InvalidKey: _problem(
        "invalid-key",
        400,
        "The URL names no possible item key",
        "Percent-encode each key as UTF-8; a number key is a decimal of up to 38 digits.",
    ),
    errors.InvalidRequest: _problem(
        "invalid-request",
        400,
        "A header or query parameter cannot be understood",
        "Mend what `detail` and `errors` name.",
    ),
    errors.InvalidBody: _problem(
        "invalid-body",
        400,
        "The body cannot be read",
        "Send one JSON value in UTF-8, each key once in its object.",
    ),
    errors.UnacceptableItem: _problem(
        "unacceptable-item",
        422,
        "The body is well-formed but cannot be stored",
        "Each member of `errors` points at a fault in the body.",
    ),
    errors.ItemTooLarge: _problem(
        "item-too-large",
        413,
        "The item is too large",
        "An item's names and values take at most 400 KB, a body at most 1 MiB.",
    ),
    errors.ItemNotFound: _problem(
        "item-not-found", 404, "No item has this key", "Create it with PUT."
    ),
    errors.PreconditionFailed: _problem(
        "precondition-failed",
        412,
        "The precondition does not hold",
        "Nothing was written. `ETag` is that of the stored item, and with `Prefer: "
        "return=representation` a write has the item in `current`, where there is one and the "
        "caller may read it. Decide again by what is stored now.",
    ),
    errors.PatchTestFailed: _problem(
        "patch-test-failed",
        409,
        "A test of the JSON Patch does not hold",
        "Nothing was written. Read the item again and decide anew.",
    ),
    errors.IdempotencyKeyReused: _problem(
        "idempotency-key-reused",
        422,
        "The Idempotency-Key belongs to another request",
        "Nothing was written now. Use a new key for each new request, and the same one only to "
        "repeat it unchanged.",
    ),
    errors.PreconditionRequired: _problem(
        "precondition-required",
        428,
        "A precondition is required",
        "Send `If-Match` with the item's ETag, or `If-None-Match: *` to create.",
    ),
    errors.IssuerUnavailable: _problem(
        "issuer-unavailable",
        503,
        "No token can be checked yet",
        "Nothing was done. Retry after the time given. Operator: this worker has never had the "
        "issuer's keys; the log says why they cannot be fetched.",
        (5, 5),
    ),
    errors.StorageThrottled: _problem(
        "throttled",
        503,
        "The table is busy",
        "Nothing was written. Retry after the time given.",
        (1, 3),
    ),
    errors.StorageUnavailable: _problem(
        "table-unavailable",
        503,
        "The table cannot be reached",
        "Nothing was written. Retry after the time given.",
        (1, 1),
    ),
    errors.CredentialsUnavailable: _problem(
        "credentials-unavailable",
        503,
        "The service has no valid credentials",
        "Nothing was written. Operator: the log line `credentials not found` has the cause.",
        (5, 5),
    ),
    errors.StorageMisconfigured: _problem(
        "misconfigured",
        503,
        "The service is not set up for its table",
        "Nothing was written. Operator: the log has AWS's own words: permissions, the account, the "
        "table's name and region, its key schema, the clock, or a proxy in front of DynamoDB.",
        (30, 30),
    ),
    errors.ServiceOverloaded: OVERLOADED,
    errors.StorageTimeout: _problem(
        "timeout", 504, "The table did not answer in time", "Nothing was written. Repeat it."
    ),
    errors.OutcomeUnknown: _problem(
        "outcome-unknown",
        504,
        "The write may or may not have been applied",
        'The member `"outcome": "unknown"` marks it. Read the item before writing again, or '
        "write with `If-Match`.",
    ),
}

_HTTP_PROBLEMS: Mapping[int, Problem] = {
    problem.status: problem
    for problem in (
        _problem(
            "bad-request",
            400,
            "The request cannot be understood",
            "The request line, a header or the body is malformed, or the body broke off.",
        ),
        _problem(
            "not-found",
            404,
            "There is nothing at this path",
            "Items are at `/items/{id}/{name}`; a `/` inside a key is sent as `%2F`.",
        ),
        _problem(
            "method-not-allowed",
            405,
            "The method is not allowed",
            "The `Allow` header lists the methods of this path.",
        ),
        _problem(
            "not-acceptable",
            406,
            "No representation is acceptable",
            "Accept `application/json` or `application/vnd.dynamodb+json`.",
        ),
        _problem(
            "request-timeout", 408, "The body did not come in time", "Send it again, all at once."
        ),
        _problem("body-too-large", 413, "The body is too large", "Bodies take up to 1 MiB."),
        _problem(
            "uri-too-long",
            414,
            "The request line is too long",
            "Method, target and version take up to 12,288 bytes; every legal key fits.",
        ),
        _problem(
            "unsupported-media-type",
            415,
            "The body's media type is not supported",
            "Set Content-Type to one that `detail` names.",
        ),
        _problem(
            "expectation-failed",
            417,
            "The expectation cannot be met",
            "The only known expectation is `Expect: 100-continue`.",
        ),
        _problem(
            "too-many-requests",
            429,
            "The caller asks too often",
            "Nothing was done. Retry after the time given; the RateLimit headers tell how much "
            "is left.",
        ),
        _problem(
            "headers-too-large",
            431,
            "The headers are too large",
            "A request has up to 100 headers of up to 8,190 bytes each; request line and headers "
            "together take up to 32 KiB.",
        ),
        _problem(
            "not-implemented",
            501,
            "The method or the transfer coding is not implemented",
            "Methods are case-sensitive, and the only transfer coding is chunked; send the body "
            "without another.",
        ),
        _problem(
            "version-not-supported", 505, "The HTTP version is not supported", "Use HTTP/1.1."
        ),
    )
}

UNEXPECTED = _problem(
    "internal-error",
    500,
    "Something went wrong here",
    "A defect of the service: report it with its `request_id`.",
)
NOT_READY = _problem(
    "not-ready",
    503,
    "The service is not ready",
    "Send requests to another instance until `/ready` answers 200.",
    (1, 1),
)


def all_problems() -> list[Problem]:
    """Every problem that a client may meet, by status."""
    known = [*PROBLEMS.values(), *_HTTP_PROBLEMS.values(), NOT_READY, UNEXPECTED]
    return sorted(known, key=lambda problem: problem.status)


def problem_of(kind: type[errors.ItemsError]) -> Problem:
    """The problem of a domain error, or of the nearest kind above it."""
    return next(PROBLEMS[each] for each in kind.__mro__ if each in PROBLEMS)


def problem_of_status(status: int) -> Problem:
    """The problem of a status with which Flask or Werkzeug refuses a request."""
    known = _HTTP_PROBLEMS.get(status)
    if known is not None:
        return known
    title = HTTPStatus(status).phrase
    slug = "bad-request" if status < 500 else "internal-error"  # noqa: PLR2004
    return _problem(slug, status, title, f"{title}.")


def documentation() -> str:
    """The error reference as Markdown, a section for each problem."""
    lines = [
        "# Errors",
        "",
        "Every error is an `application/problem+json` body (RFC 9457): `type`, `title`, `status`,",
        "`detail`, `instance`, `request_id`, and `errors` for the faults of single fields, up to",
        "100, each a `pointer` into the body (RFC 6901), or `?` and a query parameter's name, and",
        "a `detail`.",
        "`type` points at a section below.",
        "",
        "`make fix` writes this page, from `service/dynamodb_items/web/response/problems.py`.",
    ]
    for problem in all_problems():
        lines += ["", f"## {problem.slug}", "", f"**{problem.status.value}** {problem.title}."]
        if problem.retry_after_seconds:
            least, most = problem.retry_after_seconds
            lines[-1] += f" `Retry-After: {least if least == most else f'{least} to {most}'}`."
        lines += ["", problem.advice]
    return "\n".join(lines) + "\n"
