"""The value of a JSON Patch operation, as the ``jsonpatch`` library handles it.

The library copies a value with ``copy.deepcopy`` and compares it by the abstract classes of
``collections.abc``, which takes a second of processor time for some hundred kilobytes. A value
can define both operations itself.
"""

from typing import Any

from dynamodb_items.formats.plain_json import SetArray


class PatchValue:
    """A list or map that the library copies and compares fast."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __deepcopy__(self, _memo: dict[int, Any]) -> Any:
        """Return a copy of the value itself that shares no list or map with it."""
        return _copied(self._value)

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same JSON value; true and 1 differ, 1 and 1.0 do not."""
        return _is_same(self._value, other)

    __hash__ = None  # type: ignore[assignment]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _copied(member) if isinstance(member, list | dict) else member
            for name, member in value.items()
        }
    members = [_copied(member) if isinstance(member, list | dict) else member for member in value]
    return SetArray(value.type, members) if isinstance(value, SetArray) else members


def _is_same(first: Any, second: Any) -> bool:
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, dict) and isinstance(second, dict):
        return len(first) == len(second) and all(
            name in second and _is_same(member, second[name]) for name, member in first.items()
        )
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_is_same, first, second))
    return bool(first == second)
