"""DynamoDB's numbers: what is one, and its one canonical form."""

import time
from decimal import Decimal

import pytest
from dynamodb_items.domain.numbers import canonical_number, decimal_of, parse_number
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("104", "104"),
        ("0104", "104"),
        ("104.0", "104"),
        ("1.04e2", "104"),
        ("+1", "1"),
        ("-0", "0"),
        ("0e99999", "0"),
        ("-0.0e999999999999999999999", "0"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("-1E-3", "-0.001"),
        ("9" * 38, "9" * 38),
        (f"{'9' * 38}000", f"{'9' * 38}000"),
        (f"1.{'1' * 37}E-2", f"0.01{'1' * 37}"),
        ("1E125", f"1{'0' * 125}"),
        ("1E-130", f"0.{'0' * 129}1"),
    ],
)
def test_a_number_has_one_canonical_form(text, canonical):
    assert canonical_number(parse_number(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "x", "1_0", " 1", "1 ", "NaN", "Infinity", "0x1", "1e", "--1", "٣", "1,5", "."]
)
def test_what_is_not_a_number_is_rejected(text):
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1" * 39, "38 significant digits"),
        (f"1.{'0' * 37}1", "38 significant digits"),
        ("1E126", "range"),
        ("-1E126", "range"),
        ("1E1000000", "range"),
        ("1E999999999999999999999", "range"),
        ("1E-131", "closer to zero"),
        ("1E-1000000", "closer to zero"),
        ("1E-999999999999999999999", "closer to zero"),
    ],
)
def test_a_number_that_dynamodb_cannot_hold_is_rejected(text, reason):
    with pytest.raises(ValueError, match=reason):
        canonical_number(parse_number(text))


@pytest.mark.no_cover  # it measures time
def test_an_absurd_exponent_costs_nothing():
    began = time.process_time()
    for text in ("1e1000000", "1e-1000000", "9" * 1_000_000):
        with pytest.raises(ValueError, match=r"range|zero|digits"):
            canonical_number(parse_number(text))
    # Expanding 1e1000000 takes tens of seconds; reading a million digits takes milliseconds.
    assert time.process_time() - began < 1


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=7
    )
)
def test_the_canonical_form_is_the_same_number_and_its_own_canonical_form(number):
    canonical = canonical_number(number)
    assert decimal_of(canonical) == number
    assert canonical_number(Decimal(canonical)) == canonical
