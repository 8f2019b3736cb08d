"""Attempts at one DynamoDB call within the deadline.

A write may be attempted again after a lost answer because every write carries a token of its own
(see ``repository``): the write that was applied after all recognises itself.
"""

import itertools
import random
import time
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import StorageTimeout
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.dynamodb.failures import (
    CancellationReason,
    Failure,
    cancellation_reasons,
    failure_of,
)
from dynamodb_items.dynamodb.final_errors import final_error, log_failure
from dynamodb_items.observability.events import UNOBSERVED, CallRecord, Observer, observe_call
from dynamodb_items.runtime.deadline import Deadline, current_deadline

FIRST_BACKOFF_SECONDS = 0.1
LEAST_ATTEMPT_SECONDS = 0.1
"""With less time left, another attempt would only be load."""
RETRY_RESERVE = 10
_NO_CHANGES: Mapping[str, Any] = {}
_TELL_CAPACITY = {"ReturnConsumedCapacity": "TOTAL"}


class Client(Protocol):
    """What the attempts need of ``dynamodb_items.dynamodb.client.DynamoDBClient``."""

    def call(
        self,
        operation: Operation | Transaction,
        parameters: Mapping[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        """One attempt."""

    def renew_credentials(self, timeout_seconds: float) -> None:
        """Find the credentials afresh."""


class ConditionFailed(Exception):
    """A write's condition was false.

    ``found`` is the stored item, None if it is absent. ``after_lost_response`` means that an
    earlier attempt of the same write may have been applied.
    """

    def __init__(self, found: Attributes | None, *, after_lost_response: bool) -> None:
        super().__init__("the condition was false")
        self.found = found
        self.after_lost_response = after_lost_response


class TransactionCanceled(Exception):
    """DynamoDB canceled a transaction because of its operations; nothing was written.

    ``reasons`` are in the order of the operations. ``after_lost_response`` means that an earlier
    attempt of the same transaction may have been applied.
    """

    def __init__(self, reasons: list[CancellationReason], *, after_lost_response: bool) -> None:
        super().__init__("the transaction was canceled")
        self.reasons = reasons
        self.after_lost_response = after_lost_response


class RetryBudget:
    """How many more attempts may be made: a few in reserve, and a share of the calls that succeed.

    When everything fails the reserve is soon spent, and the table has to bear hardly more calls
    than there are requests.
    """

    def __init__(self, percent: float) -> None:
        self._deposit = percent / 100
        self._tokens: float = RETRY_RESERVE

    def earn(self) -> None:
        """A call has succeeded."""
        if self._tokens < RETRY_RESERVE:
            self._tokens = min(RETRY_RESERVE, self._tokens + self._deposit)

    def spend(self) -> bool:
        """Take one attempt out of the budget, if one is in it."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Attempts:
    """Calls that are attempted again while deadline, budget and number of attempts allow."""

    def __init__(self, client: Client, settings: Settings, observer: Observer = UNOBSERVED) -> None:
        self._client = client
        self._observer = observer
        self._deadline_seconds = settings.deadline_seconds
        self._max_attempts = settings.max_attempts
        self._budget = RetryBudget(settings.retry_percent)

    def call(
        self,
        operation: Operation | Transaction,
        parameters: Mapping[str, Any],
        retry_parameters: Mapping[str, Any] | None = _NO_CHANGES,
    ) -> dict[str, Any]:
        """Execute one operation within the deadline of the current request.

        ``retry_parameters`` replace those of the same name in a retry after a lost response; None
        means no such retry, and the outcome stays unknown.

        Raises:
            ConditionFailed: the write's condition was false.
            TransactionCanceled: the transaction was canceled for what its operations are.
            IdempotencyKeyReused: another transaction has had the same client request token.
            StorageError: the call failed; its subclass says how.
            ItemTooLarge, UnacceptableItem: DynamoDB refused the item for what it is.
        """
        deadline = current_deadline() or Deadline(self._deadline_seconds)
        if not deadline.remaining_seconds:
            raise StorageTimeout("The deadline passed before all was read. Nothing was changed.")
        unknown = renewed = False
        for attempt in itertools.count(1):
            began = time.perf_counter()
            try:
                content = self._client.call(operation, {**parameters, **_TELL_CAPACITY}, deadline)
            except (BotoCoreError, ClientError) as error:
                failure = failure_of(error)
                self._observe(operation, failure.name.lower(), attempt, began)
                if failure is Failure.CONDITION_REFUSED:
                    found = getattr(error, "response", {}).get("Item")
                    raise ConditionFailed(found, after_lost_response=unknown) from None
                if failure is Failure.CANCELED:
                    failure = _canceled(operation, error, attempt, after_lost_response=unknown)
                lost = operation.is_write and failure.leaves_outcome_unknown
                if lost and not unknown:
                    if retry_parameters is None:
                        log_failure(operation, failure, error, attempt)
                        raise final_error(failure, outcome_unknown=True) from error
                    parameters = {**parameters, **retry_parameters}
                unknown = unknown or lost
                another = self._prepare_another(failure, attempt, deadline, renewed=renewed)
                renewed = renewed or failure is Failure.CREDENTIALS
                if not another:
                    log_failure(operation, failure, error, attempt)
                    raise final_error(failure, outcome_unknown=unknown) from error
            else:
                self._observe(operation, "ok", attempt, began, _capacity_units(content))
                self._budget.earn()
                return content
        raise AssertionError("attempts are counted without end")

    def _observe(
        self,
        operation: Operation | Transaction,
        outcome: str,
        attempt: int,
        began: float,
        units: float = 0.0,
    ) -> None:
        seconds = time.perf_counter() - began
        call = CallRecord(operation.value, outcome, attempt, seconds, units)
        observe_call(self._observer, call)

    def _prepare_another(
        self, failure: Failure, attempt: int, deadline: Deadline, *, renewed: bool
    ) -> bool:
        """Wait until another attempt makes sense; False where it makes none."""
        if failure is Failure.CREDENTIALS:
            if renewed:  # credentials just renewed are refused the same way
                return False
            self._client.renew_credentials(deadline.remaining_seconds / 2)
            return deadline.remaining_seconds > LEAST_ATTEMPT_SECONDS
        if not failure.is_transient or attempt >= self._max_attempts:
            return False
        # Full jitter, so that calls that failed together do not come back together.
        pause_seconds = random.uniform(0, FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1))  # noqa: S311
        if deadline.remaining_seconds < pause_seconds + LEAST_ATTEMPT_SECONDS:
            return False
        if not self._budget.spend():
            return False
        time.sleep(pause_seconds)
        return True


def _capacity_units(content: Mapping[str, Any]) -> float:
    """Return the capacity units that a call consumed in all tables, 0 where they are unknown."""
    consumed = content.get("ConsumedCapacity") or ()
    tables = consumed if isinstance(consumed, list) else [consumed]
    units = [table.get("CapacityUnits") for table in tables if table]
    return float(sum(each for each in units if isinstance(each, int | float)))


def _canceled(
    operation: Operation | Transaction,
    error: BotoCoreError | ClientError,
    attempt: int,
    *,
    after_lost_response: bool,
) -> Failure:
    """Return the failure of a canceled transaction as a whole.

    Raises:
        TransactionCanceled: single operations failed.
    """
    reasons = cancellation_reasons(error) if isinstance(error, ClientError) else []
    failures = {reason.failure for reason in reasons if reason.failure is not None}
    for failure in (Failure.MISCONFIGURED, Failure.REJECTED):
        if failure in failures:
            return failure
    if failures <= {Failure.THROTTLED}:
        return Failure.THROTTLED
    for failure in failures - {Failure.CONDITION_REFUSED}:
        log_failure(operation, failure, error, attempt)
    raise TransactionCanceled(reasons, after_lost_response=after_lost_response) from None
