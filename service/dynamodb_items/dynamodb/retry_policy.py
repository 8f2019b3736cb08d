"""The decision whether a failed attempt at a DynamoDB call is retried."""

from dataclasses import dataclass

from dynamodb_items.dynamodb.failures import Failure, final_error

FIRST_BACKOFF_SECONDS = 0.1
LEAST_ATTEMPT_SECONDS = 0.1
"""With less time left, a retry would only add load."""
RETRY_RESERVE = 10


class RetryBudget:
    """The number of retries that may be made: a reserve, and a share of the successful calls.

    When every call fails, the reserve is soon spent: the table then gets hardly more calls than
    the service gets requests.
    """

    def __init__(self, percent: float) -> None:
        self._deposit = percent / 100
        self._tokens: float = RETRY_RESERVE

    @property
    def has_retry(self) -> bool:
        """Whether a retry may be made."""
        return self._tokens >= 1

    def earn(self) -> None:
        """Count a successful call."""
        if self._tokens < RETRY_RESERVE:
            self._tokens = min(RETRY_RESERVE, self._tokens + self._deposit)

    def spend(self) -> None:
        """Count a retry."""
        self._tokens -= 1


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """What the policy decides on after an attempt has failed."""

    number: int
    failure: Failure
    remaining_seconds: float
    """The time until the deadline."""
    has_budget: bool = True
    outcome_unknown: bool = False
    """Whether this or an earlier attempt at a write may have been applied."""
    is_repeatable: bool = True
    """Whether the call may be made again after the attempt may have been applied."""
    credentials_renewed: bool = False
    """Whether the credentials were renewed after an earlier attempt."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after some seconds."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class RenewCredentials:
    """Wait up to some seconds for new credentials, then try again."""

    within_seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Make no retry; raise this error."""

    error: Exception


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Decides whether to retry a failed attempt; has no state and no side effects."""

    max_attempts: int

    def decide(self, attempt: FailedAttempt, jitter: float) -> Retry | RenewCredentials | GiveUp:
        """Return what to do after a failed attempt; ``jitter`` is a random number below 1."""
        failure = attempt.failure
        # Full jitter, so that calls that failed together are not retried together.
        pause_seconds = jitter * FIRST_BACKOFF_SECONDS * 2 ** (attempt.number - 1)
        if not attempt.is_repeatable:
            pass
        elif failure is Failure.CREDENTIALS:
            if not attempt.credentials_renewed:  # new ones that are invalid too stay invalid
                return RenewCredentials(attempt.remaining_seconds / 2)
        elif (
            failure.is_transient
            and attempt.number < self.max_attempts
            and attempt.remaining_seconds >= pause_seconds + LEAST_ATTEMPT_SECONDS
            and attempt.has_budget
        ):
            return Retry(pause_seconds)
        return GiveUp(final_error(failure, outcome_unknown=attempt.outcome_unknown))
