"""From parsed bodies to write commands: the item of a PUT and the forms of a PATCH."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import FieldError, UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.expressions.native_update import (
    NativeCondition,
    NativeExpressions,
    native_expressions,
    updated,
)
from dynamodb_items.expressions.parts import UPDATE
from dynamodb_items.formats import merge_patch
from dynamodb_items.formats.json_patch import item_patch
from dynamodb_items.formats.limits import (
    MAX_ITEM_BYTES,
    attributes_bytes,
    check_item_size,
    object_members,
    pointer_to,
)
from dynamodb_items.formats.plain_json import attributes_from_plain
from dynamodb_items.formats.schema_rules import SchemaRules
from dynamodb_items.formats.stored_types import value_with_stored_type
from dynamodb_items.formats.typed_json import attributes_from_typed
from dynamodb_items.storage.write_commands import Edit, NativeUpdate, Put, Update, Write
from dynamodb_items.web.media_types import (
    MERGE_PATCH_JSON,
    NATIVE_UPDATE,
    PatchForm,
    Representation,
)

if TYPE_CHECKING:
    from dynamodb_items.item_schema.schema import ItemSchema


@dataclass(frozen=True, slots=True)
class WriteBody:
    """The body of one write as parsed JSON; ``pointer`` is its position in the request's body."""

    value: Any
    key: ItemKey
    precondition: Precondition
    settings: Settings
    pointer: str = ""

    def put(self, representation: Representation, condition: NativeCondition | None = None) -> Put:
        """Return the write that stores the whole item, which need not contain its key attributes.

        Raises:
            UnacceptableItem: the value is not a valid item of this key.
        """
        if representation is Representation.TYPED:
            typed = dict(attributes_from_typed(self.value, self.pointer))
            # An item read in this form contains its version, and may be sent back unchanged.
            for name in self.settings.own_attributes:
                typed.pop(name, None)
            attributes: Attributes = typed
        else:
            attributes = attributes_from_plain(self.value, self.pointer)
            self._reject_own(attributes)
            attributes = self._with_binary_key(attributes)
        self._check_key(attributes)
        is_plain = representation is Representation.PLAIN
        is_edited = is_plain and self.precondition.has_match_tags
        completed, kept = None, frozenset[str]()
        if self.schema is not None:
            rules = self._rules(self.schema, is_plain=is_plain)
            if self.schema.read_only or self.schema.write_only:
                completed, kept = rules.put_over, rules.kept_by_put(attributes)
            else:
                attributes = rules.put(attributes, self.value if is_plain else None)
        return Put(self.key, attributes, self.precondition, condition, is_edited, completed, kept)

    def patch(self, form: PatchForm) -> Write:
        """Return the write that applies a patch.

        Raises:
            UnacceptableItem: the patch is invalid, or changes the key or a reserved attribute.
            ItemTooLarge: the values that it sets are over DynamoDB's 400 KB by themselves.
        """
        key, settings = self.key.attributes, self.settings
        match form:
            case PatchForm.JSON_PATCH:
                protected = settings.hidden_attributes.typed or settings.own_attributes
                patch = item_patch(self.value, key, protected, self.pointer)
                if self.schema is None:
                    return Edit(self.key, patch.changes_of, self.precondition, can_fail=True)
                concealed = self.schema.write_only
                rules = self._rules(self.schema, mirrors_item=False, concealed=concealed)
                changes_of = rules.edit(patch.changes_of)
                return Edit(self.key, changes_of, self.precondition, can_fail=True)
            case PatchForm.NATIVE:
                own, hidden = settings.own_attributes, settings.hidden_attributes.typed
                expressions = native_expressions(self.value, key, own, self.pointer, hidden)
                if self.schema is not None:
                    return self._judged_update(self.schema, expressions)
                return NativeUpdate(self.key, expressions, self.precondition)
            case PatchForm.PLAIN_JSON:
                self._reject_update_expression()
                return self._merge()
            case PatchForm.MERGE:
                return self._merge()

    @property
    def schema(self) -> "ItemSchema | None":
        """The schema that items have to match."""
        return self.settings.item_schema

    def _judged_update(
        self, schema: "ItemSchema", expressions: NativeExpressions
    ) -> Edit | NativeUpdate:
        """Return the update as an edit, whose result is known before it is stored.

        An update of attributes that the schema leaves free stays DynamoDB's own.
        """
        rules = self._rules(schema, is_plain=False, mirrors_item=False, concealed=schema.write_only)
        changed = {str(path[0]) for path in expressions.targets}
        rules.check_read_only(changed)
        if schema.leaves_free(changed):
            rules.attributes(self.key.attributes, ())  # the update may create the item
            return NativeUpdate(self.key, expressions, self.precondition)
        pointer = pointer_to(self.pointer, UPDATE)
        return Edit(
            self.key,
            rules.edit(lambda seen: updated(expressions, seen, pointer)),
            self.precondition,
            expressions.condition,
            may_create=not expressions.only_removes,
            can_fail=True,
        )

    def _reject_update_expression(self) -> None:
        """Reject an update expression: as a merge patch it would set attributes of these names."""
        if UPDATE in object_members(self.value, self.pointer):
            raise UnacceptableItem(
                f"A PATCH with {UPDATE} is not a merge patch. Send the update as {NATIVE_UPDATE}, "
                f"or with POST to /items:update. To change an attribute with the name {UPDATE}, "
                f"send the patch as {MERGE_PATCH_JSON}.",
                (FieldError(pointer_to(self.pointer, UPDATE), f"requires {NATIVE_UPDATE}"),),
            )

    def _merge(self) -> Write:
        patch = dict(object_members(self.value, self.pointer))
        self._reject_own(patch)
        repeated = {name: patch.pop(name) for name in self.key.attributes if name in patch}
        repeated_key = attributes_from_plain(repeated, self.pointer)
        self._check_key(self._with_binary_key(repeated_key))
        is_flat = merge_patch.is_flat(patch)
        if is_flat and (self.schema is None or not self.schema.needs_whole_item):
            return self._flat_update(patch)
        # Merging with an empty item finds invalid values before the stored item is read.
        merged = merge_patch.merge_changes(Item({}), patch, self.pointer).changes.set
        _check_size_before_read(merged, is_read=True)

        def changes_of(seen: Item) -> merge_patch.PatchResult:
            return merge_patch.merge_changes(seen, patch, self.pointer)

        if self.schema is None:
            return Edit(self.key, changes_of, self.precondition)
        replaced = {name: merged[name] for name in merged if not isinstance(patch[name], dict)}
        rules = self._rules(self.schema, concealed=self.schema.write_only - replaced.keys())
        rules.check_read_only(patch)
        rules.attributes(replaced, [name for name, value in patch.items() if value is None])
        edit = rules.edit(changes_of, patch.keys() & self.schema.write_only)
        return Edit(self.key, edit, self.precondition, can_fail=True)

    def _flat_update(self, patch: dict[str, Any]) -> Update:
        changes = merge_patch.flat_changes(patch, self.pointer)
        _check_size_before_read(
            {**self.key.attributes, **changes.set}, is_read=self.precondition.has_match_tags
        )
        if self.schema is not None:
            rules = self._rules(self.schema)
            rules.check_read_only(changes.names)
            changes = Changes(rules.attributes(changes.set, changes.remove), changes.remove)
        return Update(self.key, changes, self.precondition)

    def _rules(
        self,
        schema: "ItemSchema",
        *,
        is_plain: bool = True,
        mirrors_item: bool = True,
        concealed: frozenset[str] = frozenset(),
    ) -> SchemaRules:
        return SchemaRules(
            schema,
            self.key,
            self.settings.own_attributes,
            self.pointer,
            is_plain,
            mirrors_item,
            self.settings.schema_defaults,
            concealed,
        )

    def _with_binary_key(self, attributes: Attributes) -> dict[str, AttributeValue]:
        """Return attributes in which a binary key is not the base64 text of plain JSON."""
        repeated = {
            name: value_with_stored_type(attributes[name], value)
            for name, value in self.key.attributes.items()
            if name in attributes
        }
        return {**attributes, **repeated}

    def _check_key(self, attributes: Attributes) -> None:
        errors = tuple(
            FieldError(pointer_to(self.pointer, name), "must equal the item key, or be left out")
            for name, value in self.key.attributes.items()
            if name in attributes and attributes[name] != value
        )
        if errors:
            raise UnacceptableItem(
                "The key attributes differ from the item key of the request.", errors
            )

    def _reject_own(self, body: Mapping[str, Any]) -> None:
        for name in self.settings.own_attributes:
            if name in body:
                pointer = pointer_to(self.pointer, name)
                raise UnacceptableItem(
                    f"The attribute {name} is reserved for the service.",
                    (FieldError(pointer, "is reserved for the service; leave it out"),),
                )


def _check_size_before_read(attributes: Attributes, *, is_read: bool) -> None:
    # Where the stored value is binary, base64 text is stored as binary, in three quarters the size.
    if not is_read or attributes_bytes(attributes) * 3 // 4 > MAX_ITEM_BYTES:
        check_item_size(attributes)
