"""The size of an item, as DynamoDB counts it."""

import pytest
from dynamodb_items.domain.errors import ItemTooLarge
from dynamodb_items.formats.limits import MAX_ITEM_BYTES, check_item_size

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
SIZES = {
    "a string is its UTF-8": ({"S": "é\U0001f600"}, 6),
    "binary is its bytes": ({"B": b"\x00" * 5}, 5),
    "a number takes a byte for two digits, and one": ({"N": "12345"}, 4),
    "leading and trailing zeros of a number take nothing": ({"N": "0.0012000"}, 2),
    "a minus sign takes a byte": ({"N": "-12"}, 3),
    "null takes a byte": ({"NULL": True}, 1),
    "a boolean takes a byte": ({"BOOL": False}, 1),
    "a string set is the sum of its members": ({"SS": ["ab", "c"]}, 3),
    "a number set is the sum of its members": ({"NS": ["1", "123"]}, 5),
    "a binary set is the sum of its members": ({"BS": [b"ab", b"c"]}, 3),
    "a list takes 3 bytes, and one for each member": ({"L": [{"S": "ab"}, {"NULL": True}]}, 8),
    "a map takes 3 bytes, and one for each member": ({"M": {"ab": {"S": "c"}}}, 7),
}


@pytest.mark.parametrize("case", SIZES)
def test_the_size_of(case):
    value, size_bytes = SIZES[case]
    name = "attribute"
    filler = MAX_ITEM_BYTES - size_bytes - len(name) - len("filler")
    check_item_size({name: value, "filler": {"S": "x" * filler}})
    with pytest.raises(ItemTooLarge, match=f"{MAX_ITEM_BYTES + 1:,} bytes"):
        check_item_size({name: value, "filler": {"S": "x" * (filler + 1)}})
