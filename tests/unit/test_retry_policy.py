"""The retry policy: what it decides for each kind of failed attempt."""

import pytest
from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    OutcomeUnknown,
    StorageError,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
)
from dynamodb_items.dynamodb.failures import Failure
from dynamodb_items.dynamodb.retry_policy import (
    FIRST_BACKOFF_SECONDS,
    LEAST_ATTEMPT_SECONDS,
    RETRY_RESERVE,
    FailedAttempt,
    GiveUp,
    RenewCredentials,
    Retry,
    RetryBudget,
    RetryPolicy,
)

POLICY = RetryPolicy(max_attempts=3)
HALF = 0.5
THROTTLED, LOST, TIMED_OUT, CREDENTIALS = (
    Failure.THROTTLED,
    Failure.LOST_RESPONSE,
    Failure.TIMED_OUT,
    Failure.CREDENTIALS,
)

RETRIES = {
    "the first attempt": (FailedAttempt(1, THROTTLED, 10), Retry(0.05)),
    "the second attempt": (FailedAttempt(2, THROTTLED, 10), Retry(0.1)),
    "just enough time": (FailedAttempt(1, THROTTLED, 0.16), Retry(0.05)),
    "a write that may be applied": (
        FailedAttempt(1, LOST, 10, outcome_unknown=True),
        Retry(0.05),
    ),
    "invalid credentials": (FailedAttempt(1, CREDENTIALS, 10), RenewCredentials(5)),
    "invalid credentials on the last attempt": (
        FailedAttempt(3, CREDENTIALS, 10),
        RenewCredentials(5),
    ),
    "invalid credentials without budget": (
        FailedAttempt(1, CREDENTIALS, 10, has_budget=False),
        RenewCredentials(5),
    ),
}
ERRORS = {
    "the last attempt": (FailedAttempt(3, THROTTLED, 10), StorageThrottled),
    "too little time": (FailedAttempt(1, THROTTLED, 0.14), StorageThrottled),
    "no time": (FailedAttempt(1, TIMED_OUT, 0), StorageTimeout),
    "no budget": (FailedAttempt(1, LOST, 10, has_budget=False), StorageUnavailable),
    "no transient failure": (FailedAttempt(1, Failure.MISCONFIGURED, 10), StorageMisconfigured),
    "renewed credentials": (
        FailedAttempt(2, CREDENTIALS, 10, credentials_renewed=True),
        CredentialsUnavailable,
    ),
    "a write that may be applied": (
        FailedAttempt(3, TIMED_OUT, 10, outcome_unknown=True),
        OutcomeUnknown,
    ),
    "a write that may be applied, then throttled": (
        FailedAttempt(3, THROTTLED, 10, outcome_unknown=True),
        OutcomeUnknown,
    ),
    "a write that may be applied and has no retry": (
        FailedAttempt(1, LOST, 10, outcome_unknown=True, is_repeatable=False),
        OutcomeUnknown,
    ),
}


@pytest.mark.parametrize("case", RETRIES)
def test_an_attempt_is_retried(case):
    attempt, decision = RETRIES[case]
    assert POLICY.decide(attempt, HALF) == decision


@pytest.mark.parametrize("case", ERRORS)
def test_an_attempt_is_not_retried(case):
    attempt, error = ERRORS[case]
    decision = POLICY.decide(attempt, HALF)
    assert isinstance(decision, GiveUp)
    assert type(decision.error) is error


@pytest.mark.parametrize("failure", Failure)
def test_only_transient_failures_are_retried(failure):
    decision = POLICY.decide(FailedAttempt(1, failure, 10), HALF)
    assert isinstance(decision, Retry | RenewCredentials) is failure.is_transient
    if isinstance(decision, GiveUp) and isinstance(decision.error, StorageError):
        assert decision.error.detail


def test_jitter_spreads_retries_from_none_to_the_whole_backoff():
    attempt = FailedAttempt(1, THROTTLED, FIRST_BACKOFF_SECONDS + LEAST_ATTEMPT_SECONDS)
    assert POLICY.decide(attempt, 0) == Retry(0)
    assert POLICY.decide(attempt, 1) == Retry(FIRST_BACKOFF_SECONDS)


def test_the_budget_is_a_reserve_and_a_share_of_the_successes():
    budget = RetryBudget(percent=50)
    for _ in range(RETRY_RESERVE):
        assert budget.has_retry
        budget.spend()
    assert not budget.has_retry
    budget.earn()
    assert not budget.has_retry
    budget.earn()
    assert budget.has_retry
