"""JSON Patch on the plain JSON view of an item, by the ``jsonpatch`` library.

Values that a patch does not change keep their exact type, including sets and binary.

https://www.rfc-editor.org/rfc/rfc6902
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jsonpatch import JsonPatch, JsonPatchException, JsonPatchTestFailed
from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from dynamodb_items.domain.errors import FieldError, ItemTooLarge, PatchTestFailed, UnacceptableItem
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.formats.limits import (
    MAX_ITEM_BYTES,
    MAX_LEVELS,
    ItemRoom,
    attributes_bytes,
    pointer_to,
    reject,
)
from dynamodb_items.formats.merge_patch import PatchResult, changes_between
from dynamodb_items.formats.patch_values import PatchValue
from dynamodb_items.formats.plain_json import attributes_from_plain, from_plain, to_document
from dynamodb_items.formats.stored_types import value_with_stored_type
from dynamodb_items.runtime.deadline import give_way, give_way_after

MAX_OPERATIONS = 1000
_OPERATIONS_IN_A_ROW = 100
"""Other requests have a turn after this many: each may move all members of a long list."""

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


@dataclass(frozen=True, slots=True)
class ItemPatch:
    """A JSON Patch that does not change the key or the service's own attributes."""

    operations: Sequence[dict[str, Any]]
    key: Attributes
    own: tuple[str, ...]
    pointer: str
    """The JSON Pointer of the patch in the request's body."""

    def changes_of(self, item: Item) -> PatchResult:
        """Apply the patch to the item as read.

        Raises:
            PatchTestFailed: a ``test`` fails.
            UnacceptableItem: a path does not exist, or the result is not a valid item.
            ItemTooLarge: copies exceed the size of any item.
        """
        hidden = {*self.own, *self.key}
        visible = {name: it for name, it in item.attributes.items() if name not in hidden}
        document: Any = to_document({**self.key, **visible})
        give_way()
        copied_bytes = 0
        for index, operation in enumerate(self.operations, 1):
            pointer = f"{self.pointer}/{index - 1}"
            if operation["op"] == "copy":
                copied_bytes += _size_at(document, operation["from"])
                if copied_bytes > 2 * MAX_ITEM_BYTES:
                    raise ItemTooLarge("The patch copies more data than an item can hold.")
            document = _applied(document, operation, pointer)
            if index % _OPERATIONS_IN_A_ROW == 0:
                give_way()
        patched = self._attributes(document)
        return PatchResult(changes_between(visible, patched), self._dependencies())

    def _attributes(self, document: Any) -> Attributes:
        try:
            patched = dict(attributes_from_plain(document))
        except UnacceptableItem as error:
            errors = (
                FieldError(self.pointer, f"the result at {each.pointer} {each.detail}")
                for each in error.errors
            )
            raise UnacceptableItem(error.detail, tuple(errors)) from None
        for name, value in self.key.items():
            if value_with_stored_type(patched.pop(name, value), value) != value:
                reject(self.pointer, f"the key attribute {name} cannot be changed")
        _reject_own(patched, self.own, self.pointer)
        return patched

    def _dependencies(self) -> frozenset[str] | None:
        """Return the attributes that the result depends on; None for all of them."""
        names: set[str] = set()
        for operation in self.operations:
            for member in _pointers(operation["op"]):
                parts = JsonPointer(operation[member]).parts
                if not parts:
                    return None
                names.add(parts[0])
        return frozenset(names)


def item_patch(body: Any, key: Attributes, own: tuple[str, ...], pointer: str = "") -> ItemPatch:
    """Return the JSON Patch of a parsed JSON body.

    Raises:
        UnacceptableItem: the body is not a JSON Patch, or changes protected attributes.
    """
    if not isinstance(body, list):
        reject(pointer, "a JSON Patch must be an array of operations")
    if len(body) > MAX_OPERATIONS:
        reject(pointer, f"a JSON Patch must have at most {MAX_OPERATIONS:,} operations")
    for index, operation in enumerate(body):
        _check_operation(operation, {*key, *own}, own, pointer_to(pointer, index))
    return ItemPatch(body, key, own, pointer)


def _check_operation(
    operation: Any, protected: set[str], own: tuple[str, ...], pointer: str
) -> None:
    if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS:
        reject(
            pointer, f"an operation must be an object whose op is one of {', '.join(_OPERATIONS)}"
        )
    kind = operation["op"]
    for member in _pointers(kind):
        is_changed = kind != ("test" if member == "path" else "copy")
        inside = pointer_to(pointer, member)
        parts = _parts(operation.get(member), inside)
        if parts and parts[0] in own:
            reject(inside, f"the attribute {parts[0]} cannot be in a JSON Patch")
        if parts and is_changed and parts[0] in protected:
            reject(inside, f"the key attribute {parts[0]} cannot be changed")
        if not parts and kind in ("remove", "move"):
            reject(inside, "the whole item cannot be removed or moved")
    if kind in ("add", "replace", "test"):
        if "value" not in operation:
            reject(pointer, f"the operation {kind} requires a value")
        room = ItemRoom()
        from_plain(operation["value"], f"{pointer}/value", room=room)
        give_way_after(room.used)


def _pointers(kind: str) -> tuple[str, ...]:
    """Return the members of an operation that are JSON Pointers; other members are ignored."""
    return ("path", "from") if kind in ("move", "copy") else ("path",)


def _parts(path: Any, pointer: str) -> list[str]:
    if not isinstance(path, str):
        reject(pointer, "must be a JSON Pointer (RFC 6901)")
    if path.count("/") > MAX_LEVELS:
        reject(pointer, f"must not be deeper than the {MAX_LEVELS} levels of an item")
    try:
        parts: list[str] = JsonPointer(path).parts
    except JsonPointerException:
        reject(pointer, "must be a JSON Pointer (RFC 6901)")
    return parts


def _reject_own(patched: Attributes, own: tuple[str, ...], pointer: str) -> None:
    for name in own:
        if name in patched:
            reject(pointer, f"the attribute {name} cannot be in a JSON Patch")


def _applied(document: Any, operation: dict[str, Any], pointer: str) -> Any:
    try:
        return JsonPatch([_with_own_value(document, operation)]).apply(document, in_place=True)
    except JsonPatchTestFailed:
        raise PatchTestFailed(
            f"The test at {pointer} failed for the stored item.",
            (FieldError(pointer, "the stored value is different"),),
        ) from None
    except (JsonPatchException, JsonPointerException, TypeError, KeyError, IndexError):
        raise UnacceptableItem(
            f"The operation at {pointer} cannot be applied: its path does not exist in the item.",
            (FieldError(pointer, "the path does not exist in the stored item"),),
        ) from None


def _with_own_value(document: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the operation with a value that the library copies and compares faster."""
    if operation["op"] == "copy":
        value = JsonPointer(operation["from"]).resolve(document)
        if isinstance(value, EndOfList):
            return operation  # the library raises the error
        operation = {"op": "add", "path": operation["path"], "value": value}
    value = operation.get("value")
    return (
        {**operation, "value": PatchValue(value)} if isinstance(value, list | dict) else operation
    )


def _size_at(document: Any, path: str) -> int:
    try:
        value = JsonPointer(path).resolve(document)
    except (JsonPointerException, TypeError):
        return 0  # the copy operation will be rejected
    if isinstance(value, EndOfList):
        return 0  # and so will a copy from the end of a list
    typed = from_plain(value)
    give_way()
    size_bytes = attributes_bytes({"": typed})
    give_way_after(size_bytes)
    return size_bytes
