"""JSON Patch on the plain JSON view of an item, by the ``jsonpatch`` library.

What a patch does not touch keeps its exact type: sets stay sets and binary binary.

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
    refuse,
)
from dynamodb_items.formats.merge_patch import Edited, changes_between
from dynamodb_items.formats.patch_values import PatchValue
from dynamodb_items.formats.plain_json import attributes_from_plain, from_plain, to_document
from dynamodb_items.runtime.deadline import give_way, give_way_after

MAX_OPERATIONS = 1000
_OPERATIONS_IN_A_ROW = 100
"""After so many, other requests have their turn: each may move all members of a long list."""

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


@dataclass(frozen=True, slots=True)
class ItemPatch:
    """A JSON Patch that leaves the key and the service's own attributes alone."""

    operations: Sequence[dict[str, Any]]
    key: Attributes
    own: tuple[str, ...]
    pointer: str
    """Where the patch stands in the request's body."""

    def changes_of(self, item: Item) -> Edited:
        """What the patch changes in the item as read, and what it has looked at.

        Raises:
            PatchTestFailed: a ``test`` does not hold.
            UnacceptableItem: a path leads nowhere, or the result is no item.
            ItemTooLarge: copies outgrow any item.
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
                    raise ItemTooLarge("The patch copies more than an item can hold.")
            document = _applied(document, operation, pointer)
            if index % _OPERATIONS_IN_A_ROW == 0:
                give_way()
        patched = self._attributes(document)
        return Edited(changes_between(visible, patched), self._looked_at())

    def _attributes(self, document: Any) -> Attributes:
        try:
            patched = dict(attributes_from_plain(document))
        except UnacceptableItem as error:
            faults = (
                FieldError(self.pointer, f"the result at {fault.pointer} {fault.detail}")
                for fault in error.errors
            )
            raise UnacceptableItem(error.detail, tuple(faults)) from None
        for name, value in self.key.items():
            if patched.pop(name, value) != value:
                refuse(self.pointer, f"the key attribute {name} cannot be changed")
        _refuse_own(patched, self.own, self.pointer)
        return patched

    def _looked_at(self) -> frozenset[str] | None:
        """The attributes that decide about the result; None where all of them do."""
        names: set[str] = set()
        for operation in self.operations:
            for member in _pointers(operation["op"]):
                parts = JsonPointer(operation[member]).parts
                if not parts:
                    return None
                names.add(parts[0])
        return frozenset(names)


def item_patch(body: Any, key: Attributes, own: tuple[str, ...], pointer: str = "") -> ItemPatch:
    """The JSON Patch of a parsed JSON body.

    Raises:
        UnacceptableItem: it is none, or changes what it may not.
    """
    if not isinstance(body, list):
        refuse(pointer, "a JSON Patch is an array of operations")
    if len(body) > MAX_OPERATIONS:
        refuse(pointer, f"a JSON Patch has at most {MAX_OPERATIONS:,} operations")
    for index, operation in enumerate(body):
        _check_operation(operation, {*key, *own}, own, pointer_to(pointer, index))
    return ItemPatch(body, key, own, pointer)


def _check_operation(
    operation: Any, protected: set[str], own: tuple[str, ...], pointer: str
) -> None:
    if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS:
        refuse(pointer, f"an operation is an object whose op is one of {', '.join(_OPERATIONS)}")
    kind = operation["op"]
    for member in _pointers(kind):
        is_changed = kind != ("test" if member == "path" else "copy")
        inside = pointer_to(pointer, member)
        parts = _parts(operation.get(member), inside)
        if parts and parts[0] in own:
            refuse(inside, f"the attribute {parts[0]} is the service's own")
        if parts and is_changed and parts[0] in protected:
            refuse(inside, f"the key attribute {parts[0]} cannot be changed")
        if not parts and kind in ("remove", "move"):
            refuse(inside, "the item as a whole cannot be removed or moved")
    if kind in ("add", "replace", "test"):
        if "value" not in operation:
            refuse(pointer, f"the operation {kind} needs a value")
        room = ItemRoom()
        from_plain(operation["value"], f"{pointer}/value", room=room)
        give_way_after(room.used)


def _pointers(kind: str) -> tuple[str, ...]:
    """The members that an operation has pointers in; it may have others, which mean nothing."""
    return ("path", "from") if kind in ("move", "copy") else ("path",)


def _parts(path: Any, pointer: str) -> list[str]:
    if not isinstance(path, str):
        refuse(pointer, "must be a JSON Pointer (RFC 6901)")
    if path.count("/") > MAX_LEVELS:
        refuse(pointer, f"leads deeper than the {MAX_LEVELS} levels of an item")
    try:
        parts: list[str] = JsonPointer(path).parts
    except JsonPointerException:
        refuse(pointer, "must be a JSON Pointer (RFC 6901)")
    return parts


def _refuse_own(patched: Attributes, own: tuple[str, ...], pointer: str) -> None:
    for name in own:
        if name in patched:
            refuse(pointer, f"the attribute {name} is the service's own")


def _applied(document: Any, operation: dict[str, Any], pointer: str) -> Any:
    try:
        return JsonPatch([_with_own_value(document, operation)]).apply(document, in_place=True)
    except JsonPatchTestFailed:
        raise PatchTestFailed(
            f"The test at {pointer} does not hold for the stored item.",
            (FieldError(pointer, "the stored value is another"),),
        ) from None
    except (JsonPatchException, JsonPointerException, TypeError, KeyError, IndexError):
        raise UnacceptableItem(
            f"The operation at {pointer} cannot be applied: its path leads nowhere in the item.",
            (FieldError(pointer, "the path leads nowhere in the stored item"),),
        ) from None


def _with_own_value(document: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with a value that is copied and compared faster than the library does it."""
    if operation["op"] == "copy":
        value = JsonPointer(operation["from"]).resolve(document)
        if isinstance(value, EndOfList):
            return operation  # an error of the library's
        operation = {"op": "add", "path": operation["path"], "value": value}
    value = operation.get("value")
    return (
        {**operation, "value": PatchValue(value)} if isinstance(value, list | dict) else operation
    )


def _size_at(document: Any, path: str) -> int:
    try:
        value = JsonPointer(path).resolve(document)
    except (JsonPointerException, TypeError):
        return 0  # the copy itself will be rejected
    if isinstance(value, EndOfList):
        return 0  # so will a copy from the end of a list
    typed = from_plain(value)
    give_way()
    size_bytes = attributes_bytes({"": typed})
    give_way_after(size_bytes)
    return size_bytes
