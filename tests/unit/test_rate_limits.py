"""Rate limits in requests and in capacity units, on a clock that the test moves."""

import time

import pytest
from dynamodb_items.access.rate_limits import RateLimits
from dynamodb_items.config.rates import in_halves, parse_rates
from dynamodb_items.config.settings import Settings, SettingsError

START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def limits(text):
    return RateLimits(parse_rates(text), "memory://")


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("100/minute", [(100, False, 60)]),
        ("500units/minute", [(500, True, 60)]),
        ("500 units per minute", [(500, True, 60)]),
        ("1 unit / 5 second", [(1, True, 5)]),
        ("10/second;500UNITS/2 minutes", [(10, False, 1), (500, True, 120)]),
        ("5 units/hour, 7 per day", [(5, True, 3600), (7, False, 86_400)]),
    ],
)
def test_rates_are_parsed(text, rates):
    parsed = parse_rates(text)
    assert [(it.amount, it.counts_units, it.item.get_expiry()) for it in parsed] == rates
    assert Settings.from_environment({"ITEMS_RATE_LIMIT": text}).rate_limit == tuple(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "units/minute",
        "5unit",
        "5 units minute",
        "5units/fortnight",
        "5unitsunits/minute",
        ";",
        "5/s;",
    ],
)
def test_an_invalid_rate_is_reported(text):
    with pytest.raises(SettingsError, match="such as 100/minute or 500units/minute"):
        Settings.from_environment({"ITEMS_RATE_LIMIT": text})


@pytest.mark.parametrize(("units", "halves"), [(0, 0), (0.5, 1), (1, 2), (2.5, 5), (0.75, 2)])
def test_units_are_counted_in_halves(units, halves):
    assert in_halves(units) == halves


@pytest.mark.usefixtures("clock")
def test_a_caller_may_go_on_until_its_units_are_used_up():
    rates = limits("5units/minute")
    for remaining in (5, 3, 2, 0):
        status = rates.count("alice")
        assert not status.is_used_up
        assert (status.remaining, status.amount, status.counts_units) == (remaining, 5, True)
        rates.charge("alice", 1.5)
    assert rates.count("alice").is_used_up
    assert rates.count("alice").limit == "5 units per 1 minute"
    assert not rates.count("bob").is_used_up


@pytest.mark.parametrize("consumed", [10, 12, 20, 55.5, 400, 12_800])
@pytest.mark.parametrize("at", [0.0, 13.0, 59.0])
def test_after_the_announced_time_a_caller_may_go_on(clock, consumed, at):
    rates = limits("10units/minute")
    clock.now += at
    rates.charge("alice", consumed)
    status = rates.count("alice")
    assert status.is_used_up
    # Windows begin at whole minutes; what is over the limit counts for two of them at most.
    assert 0 < status.reset_seconds <= 121
    clock.now += status.reset_seconds - 1.5
    assert rates.count("alice").is_used_up
    clock.now += 2
    assert not rates.count("alice").is_used_up


def test_units_of_the_window_before_count_less_and_less(clock):
    rates = limits("10units/minute")
    rates.charge("alice", 10)
    clock.now += 61
    assert rates.count("alice").remaining == 0
    clock.now += 29
    assert rates.count("alice").remaining == 5
    rates.charge("alice", 6)
    status = rates.count("alice")
    assert status.is_used_up
    clock.now += status.reset_seconds
    assert not rates.count("alice").is_used_up


@pytest.mark.usefixtures("clock")
def test_both_kinds_hold_at_once():
    rates = limits("3/minute;100units/minute")
    first = rates.count("alice")
    assert (first.limit, first.remaining) == ("3 per 1 minute", 2)
    rates.charge("alice", 100)
    rejected = rates.count("alice")
    assert (rejected.limit, rejected.is_used_up) == ("100 units per 1 minute", True)
    # A request that the units reject is not counted as a request.
    assert [rates.count("bob").is_used_up for _ in range(4)] == [False, False, False, True]


@pytest.mark.usefixtures("clock")
def test_limits_of_the_same_size_are_counted_apart():
    rates = limits("4/minute;2units/minute")
    rates.charge("alice", 1)
    status = rates.count("alice")
    assert (status.limit, status.remaining) == ("4 per 1 minute", 3)


@pytest.mark.usefixtures("clock")
def test_units_that_are_not_limited_cost_nothing():
    rates = limits("3/minute")
    rates.charge("alice", 1000)
    assert rates.count("alice").remaining == 2
