"""The key conditions of queries, as templates.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.domain.sort_ranges import SortRange
from dynamodb_items.expressions.builder import all_of
from dynamodb_items.expressions.parts import Name, Template, Value


def key_condition(
    partition: tuple[str, AttributeValue],
    sort_name: str | None,
    sort_range: SortRange,
    *,
    is_descending: bool,
) -> Template:
    """Return the condition that reads a range of one partition from its first item on.

    DynamoDB accepts one condition on the sort key, and of two bounds only inclusive ones. So with
    two bounds the condition may read on beyond the end of the range; the reader stops there.
    """
    name, value = partition
    equal: Template = (Name(name), "=", Value(value))
    if sort_name is None:
        return equal
    return all_of(equal, _range_condition(Name(sort_name), sort_range, is_descending=is_descending))


def _range_condition(sort: Name, sort_range: SortRange, *, is_descending: bool) -> Template | None:
    prefix, low, high = sort_range.prefix, sort_range.low, sort_range.high
    if prefix is not None:
        return ("begins_with(", sort, ",", Value(prefix), ")")
    first = high if is_descending else low
    if low is not None and high is not None and first is not None and first.is_inclusive:
        return (sort, " BETWEEN ", Value(low.value), " AND ", Value(high.value))
    bound = first or low or high
    if bound is None:
        return None
    operator = ("<" if bound is high else ">") + ("=" if bound.is_inclusive else "")
    return (sort, operator, Value(bound.value))
