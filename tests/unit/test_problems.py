"""Every error has a problem, with a status, a title and advice."""

import pytest
from dynamodb_items.domain import errors
from dynamodb_items.web.response.conflicts import Conflict
from dynamodb_items.web.response.error_reference import error_reference
from dynamodb_items.web.response.problems import INTERNAL_ERROR, all_problems, problem_of
from werkzeug.exceptions import BadGateway, HTTPException, ImATeapot, TooManyRequests


def kinds(kind=errors.ItemsError):
    return [each for child in kind.__subclasses__() for each in (child, *kinds(child))]


def test_each_error_has_a_problem():
    without = {kind.__name__ for kind in kinds() if problem_of(kind) is INTERNAL_ERROR}
    # The base class is never raised, and a batch reports the errors of its operations.
    assert {name for name in without if not name.startswith("Operations")} == {"StorageError"}


@pytest.mark.parametrize(
    ("kind", "slug", "status", "title"),
    [
        (errors.ItemNotFound, "item-not-found", 404, "Item not found"),
        (errors.SignatureRejected, "misconfigured", 503, "Service misconfigured"),
        (Conflict, "precondition-failed", 412, "Precondition failed"),
        (TooManyRequests, "too-many-requests", 429, "Rate limit exceeded"),
        (ImATeapot, "bad-request", 418, "I'm a Teapot"),
        (BadGateway, "internal-error", 502, "Bad Gateway"),
        (HTTPException, "internal-error", 500, "Internal error"),
        (ValueError, "internal-error", 500, "Internal error"),
    ],
)
def test_the_problem_of_an_error(kind, slug, status, title):
    problem = problem_of(kind)
    assert (problem.slug, problem.status, problem.title) == (slug, status, title)


def test_a_defect_is_not_the_client_s_error():
    assert problem_of(KeyError) is INTERNAL_ERROR


@pytest.mark.parametrize("problem", all_problems(), ids=lambda problem: problem.slug)
def test_a_title_is_a_phrase_and_the_advice_is_in_sentences(problem):
    assert not problem.title.endswith(".")
    assert len(problem.title) <= 50
    assert problem.advice.endswith(".")
    assert f"\n## {problem.slug}\n" in error_reference()
