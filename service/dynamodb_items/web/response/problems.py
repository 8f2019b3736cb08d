"""The table of problems: which RFC 9457 problem a client gets for which error.

https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from werkzeug.exceptions import HTTPException

from dynamodb_items.domain import errors

DOCUMENTATION_PATH = "/docs/errors"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its documentation, its status, and when to retry."""

    slug: str
    status: HTTPStatus
    title: str
    advice: str
    retry_after_seconds: tuple[int, int] | None = None
    """The least and the most; a random value between them spreads the retries of many clients."""

    @property
    def type(self) -> str:
        """The URI reference of the problem's documentation."""
        return f"{DOCUMENTATION_PATH}#{self.slug}"


def _problem(
    slug: str, status: int, title: str, advice: str, retry_after: tuple[int, int] | None = None
) -> Problem:
    return Problem(slug, HTTPStatus(status), title, advice, retry_after)


_RETRY = "Nothing was written. Retry after the time in `Retry-After`."

OVERLOADED = _problem(
    "overloaded",
    503,
    "Service overloaded",
    f"{_RETRY} One worker has reached its limit of requests, body bytes or connections in "
    "progress, for all callers or for one.",
    (1, 1),
)
NOT_READY = _problem(
    "not-ready",
    503,
    "Instance not ready",
    "Send requests to another instance until `/ready` returns 200.",
    (1, 1),
)
INTERNAL_ERROR = _problem(
    "internal-error",
    500,
    "Internal error",
    "The service has a defect. Report it with the `request_id`.",
)

_ITEMS_PROBLEMS: Mapping[type[BaseException], Problem] = {
    errors.Unauthenticated: _problem(
        "unauthenticated",
        401,
        "Missing or invalid credential",
        "Send a valid credential. `WWW-Authenticate` names the required kind, and `detail` "
        "contains what is wrong with the one that was sent.",
    ),
    errors.NotPermitted: _problem(
        "not-permitted",
        403,
        "Permission denied",
        "Reads require the scope `items:read`, writes `items:write`, and writes whose outcome "
        "depends on stored values require both; a deployment may have other names for them. "
        "`WWW-Authenticate` contains what is required. A caller that is limited to one partition "
        "cannot access items in another.",
    ),
    errors.InvalidKey: _problem(
        "invalid-key",
        400,
        "Invalid item key",
        "Percent-encode each key as UTF-8. A number key is a decimal of up to 38 digits.",
    ),
    errors.InvalidRequest: _problem(
        "invalid-request",
        400,
        "Invalid header or query parameter",
        "Fix the problems listed in `detail` and `errors`.",
    ),
    errors.InvalidBody: _problem(
        "invalid-body",
        400,
        "Malformed request body",
        "Send one JSON value in UTF-8, without duplicate member names in an object.",
    ),
    errors.UnacceptableItem: _problem(
        "unacceptable-item",
        422,
        "Invalid item, patch, batch or query",
        "The body is well-formed, but its content is not valid. Fix the problems listed in "
        "`detail` and `errors`; each `pointer` is the position of an error in the body.",
    ),
    errors.ItemTooLarge: _problem(
        "item-too-large",
        413,
        "Item too large",
        "The names and values of an item can take up to 400 KB, a body up to 1 MiB.",
    ),
    errors.ItemNotFound: _problem(
        "item-not-found", 404, "Item not found", "Create the item with PUT."
    ),
    errors.PreconditionFailed: _problem(
        "precondition-failed",
        412,
        "Precondition failed",
        "Nothing was written. Decide again, based on the stored item: if it exists and the caller "
        "may read it, `ETag` is its entity tag, and the response to a write with `Prefer: "
        "return=representation` contains the item as `current`.",
    ),
    errors.PatchTestFailed: _problem(
        "patch-test-failed",
        409,
        "JSON Patch test failed",
        "Nothing was written. Read the item again, and decide again based on the stored item.",
    ),
    errors.IdempotencyKeyReused: _problem(
        "idempotency-key-reused",
        422,
        "Idempotency-Key already used by another request",
        "This request wrote nothing. Use a new key for each new request, and the same key only to "
        "repeat a request unchanged.",
    ),
    errors.PreconditionRequired: _problem(
        "precondition-required",
        428,
        "Precondition required",
        "Send `If-Match` with the item's ETag, or `If-None-Match: *` to create the item.",
    ),
    errors.IssuerUnavailable: _problem(
        "issuer-unavailable",
        503,
        "Token signing keys unavailable",
        f"{_RETRY} Operator: this worker has never been able to fetch the issuer's keys; the log "
        "contains the reason.",
        (5, 5),
    ),
    errors.StorageThrottled: _problem(
        "throttled",
        503,
        "Table busy",
        f"{_RETRY} DynamoDB throttles requests to the table, or another write is in progress.",
        (1, 3),
    ),
    errors.StorageUnavailable: _problem(
        "table-unavailable", 503, "Table unavailable", _RETRY, (1, 1)
    ),
    errors.CredentialsUnavailable: _problem(
        "credentials-unavailable",
        503,
        "AWS credentials unavailable",
        f"{_RETRY} Operator: the log event `credentials not found` contains the cause.",
        (5, 5),
    ),
    errors.StorageMisconfigured: _problem(
        "misconfigured",
        503,
        "Service misconfigured",
        f"{_RETRY} Operator: the log contains AWS's message. Check the permissions, the account, "
        "the table's name, region and key schema, the clock, and any proxy in front of DynamoDB.",
        (30, 30),
    ),
    errors.ServiceOverloaded: OVERLOADED,
    errors.StorageTimeout: _problem(
        "timeout",
        504,
        "Table timeout",
        "The table did not respond in time. Nothing was written. Retry the request.",
    ),
    errors.OutcomeUnknown: _problem(
        "outcome-unknown",
        504,
        "Outcome of the write unknown",
        'The write may have been applied; the member `"outcome": "unknown"` marks this. Read the '
        "item before you write again, or write with `If-Match`.",
    ),
}

_HTTP_PROBLEMS: Mapping[int, Problem] = {
    problem.status: problem
    for problem in (
        INTERNAL_ERROR,
        _problem(
            "bad-request",
            400,
            "Malformed request",
            "The request line, a header or the body is malformed, or the body is incomplete.",
        ),
        _problem(
            "not-found",
            404,
            "Path not found",
            "Items are at `/items/{id}/{name}`, or at `/items/{id}` in a table without a sort key. "
            "Send a `/` inside a key as `%2F`. Lists, where they are switched on, are at `/items`, "
            "`/items/{id}` and `/indexes/{index}/{value}`; the OpenAPI document names the indexes.",
        ),
        _problem(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The `Allow` header lists the methods of this path.",
        ),
        _problem(
            "not-acceptable",
            406,
            "Not acceptable",
            "Accept `application/json` or `application/vnd.dynamodb+json`.",
        ),
        _problem(
            "request-timeout",
            408,
            "Request body timeout",
            "The body did not arrive in time. Send the request again, without pauses.",
        ),
        _problem("body-too-large", 413, "Request body too large", "A body can take up to 1 MiB."),
        _problem(
            "uri-too-long",
            414,
            "Request line too long",
            "Method, target and version can take up to 16,384 bytes together. Every legal key "
            "fits.",
        ),
        _problem(
            "unsupported-media-type",
            415,
            "Unsupported media type",
            "Set `Content-Type` to a media type that `detail` lists. The only content coding "
            "of a body is gzip.",
        ),
        _problem(
            "expectation-failed",
            417,
            "Expectation failed",
            "The only supported expectation is `Expect: 100-continue`.",
        ),
        _problem(
            "too-many-requests",
            429,
            "Rate limit exceeded",
            f"{_RETRY} The RateLimit headers contain the limit and what remains of it.",
        ),
        _problem(
            "headers-too-large",
            431,
            "Headers too large",
            "A request can have up to 100 headers of up to 8,190 bytes each. Request line and "
            "headers can take up to 32 KiB together.",
        ),
        _problem(
            "not-implemented",
            501,
            "Method or transfer coding not implemented",
            "Method names are case-sensitive. The only supported transfer coding is `chunked`.",
        ),
        _problem("version-not-supported", 505, "HTTP version not supported", "Use HTTP/1.1."),
    )
}


def all_problems() -> list[Problem]:
    """Return every problem that a client can get, sorted by status."""
    known = [*_ITEMS_PROBLEMS.values(), *_HTTP_PROBLEMS.values(), NOT_READY]
    return sorted(known, key=lambda problem: problem.status)


def problem_of(kind: type[BaseException]) -> Problem:
    """Return the problem of an error class: its own, or that of the nearest class above it."""
    for each in kind.__mro__:
        if each in _ITEMS_PROBLEMS:
            return _ITEMS_PROBLEMS[each]
    if issubclass(kind, HTTPException) and kind.code is not None:
        return _problem_of_status(HTTPStatus(kind.code))
    return INTERNAL_ERROR


def _problem_of_status(status: HTTPStatus) -> Problem:
    known = _HTTP_PROBLEMS.get(status)
    if known is not None:
        return known
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    slug = INTERNAL_ERROR.slug if is_ours else "bad-request"
    return _problem(slug, status, status.phrase, f"{status.phrase}.")
