"""Attempts at a DynamoDB call, until one succeeds or the retry policy gives up.

A write may be retried after a lost response because every write carries a token of its own (see
``repository``): a retry recognizes that an earlier attempt was applied.
"""

import random
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import StorageTimeout
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.operations import ApiCall
from dynamodb_items.dynamodb.client import DynamoDBClient
from dynamodb_items.dynamodb.error_codes import cancellation_reasons, failure_of
from dynamodb_items.dynamodb.failures import CancellationReason, Failure, final_error, log_failure
from dynamodb_items.dynamodb.retry_policy import (
    LEAST_ATTEMPT_SECONDS,
    FailedAttempt,
    GiveUp,
    RenewCredentials,
    Retry,
    RetryBudget,
    RetryPolicy,
)
from dynamodb_items.observability.events import UNOBSERVED, CallRecord, Observer, observe_call
from dynamodb_items.runtime.deadline import Deadline, current_deadline

_RETURN_CAPACITY = {"ReturnConsumedCapacity": "TOTAL"}
_NO_CHANGES: Mapping[str, Any] = {}


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


class Attempts:
    """Calls that are retried while deadline, budget and number of attempts allow."""

    def __init__(
        self, client: DynamoDBClient, settings: Settings, observer: Observer = UNOBSERVED
    ) -> None:
        self._client = client
        self._observer = observer
        self._deadline_seconds = settings.deadline_seconds
        self._policy = RetryPolicy(settings.max_attempts)
        self._budget = RetryBudget(settings.retry_percent)

    def call(
        self,
        operation: ApiCall,
        parameters: Mapping[str, Any],
        retry_parameters: Mapping[str, Any] | None = _NO_CHANGES,
        *,
        changes_nothing: bool = False,
    ) -> dict[str, Any]:
        """Execute one operation within the deadline of the current request.

        ``retry_parameters`` replace those of the same name in retries after a lost response; None
        means no such retry. A write that ``changes_nothing`` fails like a read.

        Raises:
            ConditionFailed, TransactionCanceled: a condition was false; nothing was written.
            IdempotencyKeyReused: another transaction had the same client request token.
            StorageError: the call failed; its subclass is the reason.
            ItemTooLarge, UnacceptableItem: DynamoDB rejected the item.
        """
        deadline = self._deadline()
        may_change = operation.is_write and not changes_nothing
        number = 0
        unknown = renewed = False
        while True:
            number += 1
            try:
                return self._attempt(operation, parameters, number, deadline)
            except (BotoCoreError, ClientError) as error:
                failure = _call_failure(operation, error, number, after_lost_response=unknown)
                unknown = unknown or (may_change and failure.leaves_outcome_unknown)
                failed = FailedAttempt(
                    number,
                    failure,
                    deadline.remaining_seconds,
                    self._budget.has_retry,
                    outcome_unknown=unknown,
                    is_repeatable=not unknown or retry_parameters is not None,
                    credentials_renewed=renewed,
                )
                self._wait_or_raise(failed, operation, error, deadline)
            renewed = renewed or failure is Failure.CREDENTIALS
            if unknown and retry_parameters:
                parameters = {**parameters, **retry_parameters}

    def _deadline(self) -> Deadline:
        deadline = current_deadline() or Deadline(self._deadline_seconds)
        if not deadline.remaining_seconds:
            raise StorageTimeout(
                "The deadline passed before everything was read. Nothing was changed."
            )
        return deadline

    def _attempt(
        self,
        operation: ApiCall,
        parameters: Mapping[str, Any],
        number: int,
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Make one attempt and report it to the observer."""
        began = time.perf_counter()
        try:
            content = self._client.call(operation, {**parameters, **_RETURN_CAPACITY}, deadline)
        except (BotoCoreError, ClientError) as error:
            self._observe(operation, failure_of(error).value, number, began)
            raise
        self._observe(operation, "ok", number, began, _capacity_units(content))
        self._budget.earn()
        return content

    def _observe(
        self,
        operation: ApiCall,
        outcome: str,
        number: int,
        began: float,
        units: float = 0.0,
    ) -> None:
        seconds = time.perf_counter() - began
        record = CallRecord(operation.value, outcome, number, seconds, units)
        observe_call(self._observer, record)

    def _wait_or_raise(
        self,
        failed: FailedAttempt,
        operation: ApiCall,
        error: BotoCoreError | ClientError,
        deadline: Deadline,
    ) -> None:
        """Wait until the retry is due, or raise the final error."""
        decision = self._policy.decide(failed, random.random())  # noqa: S311
        if isinstance(decision, RenewCredentials):
            self._client.renew_credentials(decision.within_seconds)
            if deadline.remaining_seconds > LEAST_ATTEMPT_SECONDS:
                return
            final = final_error(failed.failure, outcome_unknown=failed.outcome_unknown)
            decision = GiveUp(final)
        if isinstance(decision, Retry):
            self._budget.spend()
            time.sleep(decision.after_seconds)
            return
        log_failure(operation, failed.failure, error, failed.number)
        raise decision.error from error


def _capacity_units(content: Mapping[str, Any]) -> float:
    """Return the capacity units that a call consumed in all tables, 0 if unknown."""
    consumed = content.get("ConsumedCapacity") or ()
    tables = consumed if isinstance(consumed, list) else [consumed]
    units = [table.get("CapacityUnits") for table in tables if table]
    return float(sum(each for each in units if isinstance(each, int | float)))


def _call_failure(
    operation: ApiCall,
    error: BotoCoreError | ClientError,
    number: int,
    *,
    after_lost_response: bool,
) -> Failure:
    """Return the failure of a call as a whole.

    Raises:
        ConditionFailed: the write's condition was false.
        TransactionCanceled: single operations failed.
    """
    failure = failure_of(error)
    if failure is Failure.CONDITION_FAILED:
        found = getattr(error, "response", {}).get("Item")
        raise ConditionFailed(found, after_lost_response=after_lost_response) from None
    if failure is not Failure.CANCELED:
        return failure
    reasons = cancellation_reasons(error) if isinstance(error, ClientError) else []
    failures = {reason.failure for reason in reasons if reason.failure is not None}
    for failure in (Failure.MISCONFIGURED, Failure.KEY_MISMATCH, Failure.REJECTED):
        if failure in failures:
            return failure
    if failures <= {Failure.THROTTLED}:
        return Failure.THROTTLED
    for failure in failures - {Failure.CONDITION_FAILED}:
        log_failure(operation, failure, error, number)
    raise TransactionCanceled(reasons, after_lost_response=after_lost_response) from None
