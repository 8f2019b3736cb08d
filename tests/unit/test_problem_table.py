"""The table of problems: each error's slug, status and Retry-After, as clients rely on them."""

import inspect

import pytest
from dynamodb_items.domain import errors
from dynamodb_items.web.response.error_reference import error_reference
from dynamodb_items.web.response.problems import all_problems, problem_of
from werkzeug.exceptions import default_exceptions

# A released `type` URI never changes, and neither does its status.
EXPECTED = {
    "Unauthenticated": ("unauthenticated", 401, None),
    "NotPermitted": ("not-permitted", 403, None),
    "InvalidKey": ("invalid-key", 400, None),
    "InvalidRequest": ("invalid-request", 400, None),
    "InvalidBody": ("invalid-body", 400, None),
    "UnacceptableItem": ("unacceptable-item", 422, None),
    "ItemTooLarge": ("item-too-large", 413, None),
    "ItemNotFound": ("item-not-found", 404, None),
    "PreconditionFailed": ("precondition-failed", 412, None),
    "PatchTestFailed": ("patch-test-failed", 409, None),
    "IdempotencyKeyReused": ("idempotency-key-reused", 422, None),
    "PreconditionRequired": ("precondition-required", 428, None),
    "IssuerUnavailable": ("issuer-unavailable", 503, (5, 5)),
    "StorageThrottled": ("throttled", 503, (1, 3)),
    "StorageUnavailable": ("table-unavailable", 503, (1, 1)),
    "CredentialsUnavailable": ("credentials-unavailable", 503, (5, 5)),
    "StorageMisconfigured": ("misconfigured", 503, (30, 30)),
    "KeySchemaMismatch": ("misconfigured", 503, (30, 30)),
    "SignatureRejected": ("misconfigured", 503, (30, 30)),
    "ServiceOverloaded": ("overloaded", 503, (1, 1)),
    "StorageTimeout": ("timeout", 504, None),
    "OutcomeUnknown": ("outcome-unknown", 504, None),
}
OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "request-timeout",
    413: "body-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    429: "too-many-requests",
    431: "headers-too-large",
    501: "not-implemented",
    505: "version-not-supported",
    # These have no entry of their own.
    410: "bad-request",
    422: "bad-request",
    500: "internal-error",
    502: "internal-error",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_error_has_its_problem(name):
    problem = problem_of(getattr(errors, name))
    found = (problem.slug, problem.status.value, problem.retry_after_seconds)
    assert found == EXPECTED[name]
    assert problem.type == f"/docs/errors#{problem.slug}"


ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ItemsError)
    and kind not in (errors.ItemsError, errors.StorageError)
    # The errors of a batch; each has a problem of its own.
    and not kind.__name__.startswith("Operations")
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_no_error_is_missing_here(kind):
    assert kind.__name__ in EXPECTED


@pytest.mark.parametrize("status", OF_STATUS)
def test_each_status_of_flask_has_its_problem(status):
    problem = problem_of(default_exceptions[status])
    assert (problem.status, problem.slug) == (status, OF_STATUS[status])


def test_slugs_are_unique_among_all_problems():
    slugs = [problem.slug for problem in all_problems()]
    assert sorted({*slugs}) == sorted(slugs)


def test_all_problems_are_known_here():
    slugs = {problem.slug for problem in all_problems()}
    assert slugs == {
        *(slug for slug, _, _ in EXPECTED.values()),
        *OF_STATUS.values(),
        "not-ready",
    }


@pytest.mark.parametrize("problem", all_problems(), ids=lambda problem: problem.slug)
def test_the_documentation_has_a_section_for_each(problem):
    section = error_reference().partition(f"\n## {problem.slug}\n")[2].partition("\n## ")[0]
    assert f"**{problem.status.value}** {problem.title}." in section
    assert problem.advice in section
    assert problem.title[0].isupper()
    assert not problem.title.endswith(".")
    assert problem.advice.endswith(".")
