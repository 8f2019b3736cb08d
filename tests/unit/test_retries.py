"""Retries of one call: when, how often, for how long, and how a call ends that is given up."""

import errno

import pytest
from botocore.exceptions import EndpointConnectionError
from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    IdempotencyKeyReused,
    ItemTooLarge,
    OutcomeUnknown,
    ServiceOverloaded,
    SignatureRejected,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
    UnacceptableItem,
)
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.observability.events import Observer
from dynamodb_items.runtime.deadline import request_deadline

from tests.unit.fakes import LOST, UNREACHABLE, ScriptedClient, calls_of, failure

GET, PUT = Operation.GET_ITEM, Operation.PUT_ITEM
THROTTLED = failure("ThrottlingException")
EXPIRED = failure("ExpiredTokenException")


def outcome_of(client, operation=GET, **settings):
    """What a call returns or raises."""
    try:
        return calls_of(client, **settings).call(operation, {})
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return error


@pytest.fixture(autouse=True)
def time_of_calls(clock):
    return clock


@pytest.mark.parametrize(
    "outcome",
    [
        *(THROTTLED, LOST, UNREACHABLE, failure("InternalServerError")),
        *(failure("ProvisionedThroughputExceededException"), failure("RequestLimitExceeded")),
    ],
)
@pytest.mark.parametrize("operation", [GET, PUT])
def test_a_transient_failure_is_retried(operation, outcome):
    client = ScriptedClient(outcome, {"Item": {}})
    assert outcome_of(client, operation) == {"Item": {}}
    assert client.calls[0] == client.calls[1]


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (failure("AccessDeniedException"), StorageMisconfigured),
        (failure("ResourceNotFoundException"), StorageMisconfigured),
        (failure("InvalidSignatureException"), SignatureRejected),
        (failure("ItemCollectionSizeLimitExceededException"), ItemTooLarge),
        (failure("ValidationException", "Type mismatch for Index Key"), UnacceptableItem),
        (failure("IdempotentParameterMismatchException"), IdempotencyKeyReused),
        (failure("NobodyKnowsException", ResponseMetadata={"HTTPStatusCode": 400}),
         StorageUnavailable),
    ],
)  # fmt: skip
def test_a_failure_that_stays_is_not_retried(outcome, error, clock):
    client = ScriptedClient(outcome)
    assert type(outcome_of(client)) is error
    assert clock.pauses == []


@pytest.mark.parametrize("operation", [GET, PUT])
@pytest.mark.parametrize(
    ("outcome", "of_read", "of_write"),
    [
        (THROTTLED, StorageThrottled, StorageThrottled),
        (UNREACHABLE, StorageUnavailable, StorageUnavailable),
        (LOST, StorageTimeout, OutcomeUnknown),
        (failure("InternalServerError"), StorageUnavailable, OutcomeUnknown),
    ],
)
def test_a_call_is_given_up_after_so_many_attempts(operation, outcome, of_read, of_write, clock):
    client = ScriptedClient(*[outcome] * 4)
    error = outcome_of(client, operation, max_attempts=4)
    assert type(error) is (of_read if operation is GET else of_write)
    assert len(client.calls) == 4
    assert clock.pauses == [0.1, 0.2, 0.4], "up to twice as long each time"


def test_one_attempt_leaves_no_retry(clock):
    client = ScriptedClient(THROTTLED)
    assert isinstance(outcome_of(client, max_attempts=1), StorageThrottled)
    assert clock.pauses == []


# A write whose first response was lost and that then fails in another way.
@pytest.mark.parametrize(
    "second", [THROTTLED, UNREACHABLE, failure("AccessDeniedException"), EXPIRED]
)
def test_a_lost_response_leaves_the_outcome_unknown_whatever_follows(second):
    client = ScriptedClient(LOST, second, second)
    assert isinstance(outcome_of(client, PUT, max_attempts=2), OutcomeUnknown)


# The deadline


def test_no_attempt_is_made_that_could_not_end_in_time(clock):
    client = ScriptedClient(THROTTLED, THROTTLED, THROTTLED)
    error = outcome_of(client, deadline_seconds=0.45, max_attempts=10)
    assert isinstance(error, StorageThrottled)
    # After 0.1 s, and 0.2 s later; another 0.4 s would be too late.
    assert clock.pauses == [0.1, 0.2]


def test_an_attempt_that_takes_all_the_time_is_the_last(clock):
    def slow(_parameters):
        clock.now += 3
        return LOST

    client = ScriptedClient(slow)
    assert isinstance(outcome_of(client, deadline_seconds=3), StorageTimeout)


def test_the_deadline_is_that_of_the_request(clock):
    client = ScriptedClient(THROTTLED)
    with request_deadline(0.15):
        assert isinstance(outcome_of(client, deadline_seconds=60), StorageThrottled)
    assert clock.pauses == []


def test_after_the_deadline_nothing_is_called(clock):
    with request_deadline(1):
        clock.now += 1
        error = outcome_of(ScriptedClient(), PUT)
    assert isinstance(error, StorageTimeout)


# The budget


def test_when_all_calls_fail_the_budget_ends_retries():
    client = ScriptedClient(*[THROTTLED] * 100)
    calls = calls_of(client, max_attempts=3)
    for _ in range(20):
        with pytest.raises(StorageThrottled):
            calls.call(GET, {})
    assert len(client.calls) == 20 + 10, "ten retries in reserve"


def test_calls_that_succeed_earn_retries():
    script = [*[THROTTLED] * 12, *[{}] * 4, THROTTLED, {}, THROTTLED]
    client = ScriptedClient(*script)
    calls = calls_of(client, max_attempts=11, deadline_seconds=1000, retry_percent=25)
    with pytest.raises(StorageThrottled):
        calls.call(GET, {})
    with pytest.raises(StorageThrottled):
        calls.call(GET, {})
    for _ in range(4):
        calls.call(GET, {})
    calls.call(GET, {})
    with pytest.raises(StorageThrottled):
        calls.call(GET, {})
    assert client.outcomes == []


def test_the_reserve_does_not_grow():
    client = ScriptedClient(*[{}] * 50, *[THROTTLED] * 11)
    calls = calls_of(client, max_attempts=100, deadline_seconds=1e9, retry_percent=100)
    for _ in range(50):
        calls.call(GET, {})
    with pytest.raises(StorageThrottled):
        calls.call(GET, {})
    assert client.outcomes == []


# Credentials


def test_credentials_that_expire_on_a_later_attempt_are_renewed_once():
    client = ScriptedClient(THROTTLED, EXPIRED, {})
    assert outcome_of(client) == {}
    assert len(client.renewals) == 1


def test_renewed_credentials_that_are_rejected_are_not_renewed_again():
    client = ScriptedClient(EXPIRED, EXPIRED)
    assert isinstance(outcome_of(client), CredentialsUnavailable)
    assert len(client.renewals) == 1


def test_credentials_are_renewed_in_half_of_the_time_without_a_pause(clock):
    client = ScriptedClient(EXPIRED, {})
    assert outcome_of(client, deadline_seconds=6) == {}
    assert client.renewals == [3]
    assert clock.pauses == []


def test_renewing_credentials_makes_no_attempt_beyond_the_deadline(clock):
    client = ScriptedClient(EXPIRED)
    client.renew_credentials = clock.sleep
    with request_deadline(0.15):
        assert isinstance(outcome_of(client), CredentialsUnavailable)


def test_without_a_file_descriptor_the_process_is_overloaded():
    error = EndpointConnectionError(endpoint_url="x", error=OSError(errno.EMFILE, "too many"))
    client = ScriptedClient(error)
    assert isinstance(outcome_of(client, PUT, max_attempts=1), ServiceOverloaded)


# What is observed


class Calls(Observer):
    def __init__(self):
        self.seen = []

    def call_ended(self, call):
        self.seen.append(call)


def test_each_attempt_is_observed_with_its_outcome_and_capacity():
    client = ScriptedClient(THROTTLED, {"ConsumedCapacity": {"CapacityUnits": 1.5}})
    observer = Calls()
    calls_of(client, observer).call(GET, {})
    assert all(parameters["ReturnConsumedCapacity"] == "TOTAL" for _, parameters in client.calls)
    first, second = observer.seen
    assert (first.outcome, second.outcome) == ("throttled", "ok")
    assert (first.attempt, second.attempt) == (1, 2)


@pytest.mark.parametrize(
    ("consumed", "units"),
    [
        (None, 0),
        ({"CapacityUnits": 2}, 2),
        ([{"CapacityUnits": 2}, {"CapacityUnits": 0.5}], 2.5),
        ([{"CapacityUnits": "x"}, None], 0),
    ],
)
def test_the_capacity_of_all_tables_is_added(consumed, units):
    observer = Calls()
    calls_of(ScriptedClient({"ConsumedCapacity": consumed}), observer).call(
        Transaction.GET_ITEMS, {}
    )
    assert observer.seen[0].capacity_units == units
