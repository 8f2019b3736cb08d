"""DynamoDB's numbers: up to 38 significant digits, magnitudes 1E-130 to 9.99…E+125, exact.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html#limits-attributes
"""

import re
from collections.abc import Sequence
from decimal import (
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)

MAX_DIGITS = 38

# DynamoDB's range and precision as one decimal context: a number is valid exactly when normalizing
# it in this context raises nothing. No digit is expanded before that check, so that a huge exponent
# costs nothing.
DYNAMODB_CONTEXT = Context(
    prec=MAX_DIGITS,
    Emin=-130,
    Emax=125,
    traps=[Inexact, InvalidOperation, Overflow, Subnormal],
)

# The form of a number in a URL and in the typed form. Decimal() would also accept underscores,
# white space, "NaN" and the digits of every script.
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+", re.ASCII)
_NUMBERS = re.compile(rf"(?:{_NUMBER.pattern},)*+", re.ASCII)


def are_numbers(texts: Sequence[str]) -> bool:
    """Return whether every text has the form of a number, in a third of the time for many.

    Raises:
        TypeError: a member is not text.
    """
    joined = ",".join((*texts, ""))
    return joined.count(",") == len(texts) and _NUMBERS.fullmatch(joined) is not None


def parse_number(text: str) -> Decimal:
    """Return the exact value of a number's text.

    Raises:
        ValueError: the text is not a number.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    return decimal_of(text)


def decimal_of(number: str) -> Decimal:
    """Return the exact value of text that is known to be a number.

    Where no decimal can hold it, return one that ``canonical_number`` rejects for the same reason.
    """
    try:
        return Decimal(number)
    except InvalidOperation:  # an exponent beyond 10^18
        mantissa, _, exponent = number.lower().partition("e")
        if not mantissa.strip("+-0."):
            return Decimal(0)
        return Decimal("1E-1000") if exponent.startswith("-") else Decimal("Infinity")


def canonical_number(value: Decimal) -> str:
    """Return the number in DynamoDB's own form: ``104`` for 0104, 104.0 and 1.04e2; 0 for -0.

    Raises:
        ValueError: more than 38 significant digits, or outside DynamoDB's magnitudes.
    """
    try:
        exact = DYNAMODB_CONTEXT.normalize(value)
    except Overflow:
        raise ValueError("outside DynamoDB's range of ±9.99E+125") from None
    except Inexact:
        raise ValueError("over 38 significant digits") from None
    except DecimalException:
        raise ValueError("closer to zero than DynamoDB's 1E-130") from None
    text = str(exact)
    if text.isdigit():  # nearly every number, and faster than the general case
        return text
    if not exact.is_finite():  # decimal_of() returns this for a huge exponent
        raise ValueError("outside DynamoDB's range of ±9.99E+125")
    return format(exact, "f") if exact else "0"
