"""Bodies of writes under an item schema: what is rejected, and the types that are written."""

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import UnacceptableItem
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.preconditions import NO_PRECONDITION
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.item_schema.reading import item_schema
from dynamodb_items.storage.write_commands import Edit, Update
from dynamodb_items.web.media_types import PatchForm, Representation
from dynamodb_items.web.request.write_bodies import WriteBody

from tests.unit.fakes import KEY

CUSTOMER = item_schema(
    {
        "properties": {
            "email": {"type": "string", "format": "email"},
            "age": {"type": "integer", "minimum": 0},
            "tags": {"type": "array", "items": {"type": "string"}, "x-dynamodb-type": "SS"},
            "avatar": {"type": "string", "x-dynamodb-type": "B"},
            "address": {
                "type": "object",
                "required": ["city"],
                "properties": {"city": {"type": "string"}, "codes": {"x-dynamodb-type": "NS"}},
            },
            "friends": {"items": {"properties": {"photo": {"x-dynamodb-type": "B"}}}},
        },
        "required": ["email"],
    }
)
OPEN = item_schema({"properties": {"age": {"type": "integer"}, "tags": {"x-dynamodb-type": "SS"}}})


def body(text: str, schema=CUSTOMER, pointer: str = "", **more) -> WriteBody:
    settings = Settings(item_schema=schema, **more)
    return WriteBody(parse_json(text.encode()), KEY, NO_PRECONDITION, settings, pointer)


def put(text: str, representation=Representation.PLAIN, **more):
    return body(text, **more).put(representation).attributes


def errors_of(write) -> dict[str, str]:
    with pytest.raises(UnacceptableItem) as raised:
        write()
    return {error.pointer: error.detail for error in raised.value.errors}


def edited(edit: Edit, **attributes):
    """The changes of an edit of an item with these attributes."""
    return edit.changes_of(Item({**KEY.attributes, **attributes}))


def test_a_valid_item_is_written_with_its_declared_types():
    written = put(
        '{"email": "a@b.de", "tags": ["a", "b"], "avatar": "AP8=",'
        ' "address": {"city": "Oslo", "codes": [1, 2.50]}, "friends": [{"photo": "AP8="}]}'
    )
    assert written["tags"] == {"SS": ["a", "b"]}
    assert written["avatar"] == {"B": b"\x00\xff"}
    assert written["address"] == {"M": {"city": {"S": "Oslo"}, "codes": {"NS": ["1", "2.5"]}}}
    assert written["friends"] == {"L": [{"M": {"photo": {"B": b"\x00\xff"}}}]}


@pytest.mark.parametrize("pointer", ["", "/operations/3/item"])
def test_every_violation_has_a_pointer_into_the_body(pointer):
    write = body('{"age": -1, "address": {"codes": [1]}}', pointer=pointer)
    assert errors_of(lambda: write.put(Representation.PLAIN)) == {
        f"{pointer}/email": "Is required.",
        f"{pointer}/age": "Must be at least 0.",
        f"{pointer}/address/city": "Is required.",
    }


@pytest.mark.parametrize(
    ("text", "pointer", "sentence"),
    [
        ('"tags": []', "/tags", "A set must not be empty; remove the attribute instead."),
        ('"tags": ["a", "a"]', "/tags", "A set must not contain a member twice."),
        ('"avatar": "AP8"', "/avatar", "Must be base64 text (RFC 4648 section 4), with padding."),
        (
            '"friends": [{}, {"photo": "?"}]',
            "/friends/1/photo",
            "Must be base64 text (RFC 4648 section 4), with padding.",
        ),
        (
            '"address": {"city": "Oslo", "codes": ["1"]}',
            "/address/codes",
            "Every member of this set must be of type N.",
        ),
    ],
)
def test_what_cannot_have_its_declared_type_is_rejected(text, pointer, sentence):
    assert errors_of(lambda: put(f'{{"email": "a@b.de", {text}}}')) == {pointer: sentence}


def test_the_typed_form_has_to_use_the_declared_types():
    typed = Representation.TYPED
    valid = '{"email": {"S": "a@b.de"}, "tags": {"SS": ["a"]}, "avatar": {"B": "AP8="}}'
    assert put(valid, typed)["tags"] == {"SS": ["a"]}
    for value, sentence in {
        '{"L": [{"S": "a"}]}': "Must have DynamoDB's type SS, not L.",
        '{"NS": ["1"]}': "Must be a string.",
    }.items():
        (found,) = errors_of(
            lambda value=value: put(f'{{"email": {{"S": "a@b.de"}}, "tags": {value}}}', typed)
        ).values()
        assert found == sentence


def test_the_key_attributes_are_judged_with_the_item():
    schema = item_schema({"properties": {"Name": {"const": "y"}}})
    assert errors_of(lambda: put("{}", schema=schema)) == {"/Name": 'Must be "y".'}


def test_a_patch_is_judged_by_the_item_that_results():
    edit = body('{"address": {"street": "Karl Johan"}}').patch(PatchForm.MERGE)
    assert errors_of(lambda: edited(edit, email={"S": "a@b.de"})) == {
        "/address/city": "Is required."
    }
    stored = {"M": {"city": {"S": "Oslo"}}}
    result = edited(edit, email={"S": "a@b.de"}, address=stored)
    assert set(result.changes.set) == {"address"}
    assert result.depends_on == {"address", "email"}


def test_a_patch_fixes_an_item_that_breaks_the_schema():
    edit = body('{"age": 1, "email": "a@b.de"}').patch(PatchForm.MERGE)
    result = edited(edit, age={"S": "old"}, tags={"L": [{"S": "a"}]})
    assert result.changes.set == {
        "age": {"N": "1"},
        "email": {"S": "a@b.de"},
        "tags": {"SS": ["a"]},
    }
    other = body('{"other": 1}').patch(PatchForm.MERGE)
    assert errors_of(lambda: edited(other, email={"S": "a@b.de"}, age={"S": "old"})) == {
        "/age": "Must be a whole number."
    }


@pytest.mark.parametrize(
    ("text", "pointer", "sentence"),
    [
        ('{"age": "x"}', "/age", "Must be a whole number."),
        ('{"email": null}', "/email", "Is required."),
        ('{"age": "x", "address": {"city": 1}}', "/age", "Must be a whole number."),
        ('{"tags": []}', "/tags", "A set must not be empty; remove the attribute instead."),
    ],
)
def test_what_the_patch_alone_decides_is_rejected_before_a_read(text, pointer, sentence):
    assert errors_of(lambda: body(text).patch(PatchForm.MERGE)) == {pointer: sentence}


def test_a_flat_patch_reads_only_where_attributes_are_judged_together():
    assert isinstance(body('{"age": 1}').patch(PatchForm.MERGE), Edit)
    update = body('{"age": 1, "tags": ["a"], "b": null}', OPEN).patch(PatchForm.MERGE)
    assert isinstance(update, Update)
    assert update.changes.set == {"age": {"N": "1"}, "tags": {"SS": ["a"]}}
    assert update.changes.remove == ("b",)
    assert errors_of(lambda: body('{"age": "x"}', OPEN).patch(PatchForm.MERGE)) == {
        "/age": "Must be a whole number."
    }


def test_a_json_patch_points_at_itself_and_names_the_position_in_the_item():
    text = '[{"op": "add", "path": "/tags/-", "value": "b"}, {"op": "remove", "path": "/email"}]'
    edit = body(text, pointer="/operations/0/jsonPatch").patch(PatchForm.JSON_PATCH)
    stored = {"email": {"S": "a@b.de"}, "tags": {"SS": ["a"]}}
    assert errors_of(lambda: edited(edit, **stored)) == {
        "/operations/0/jsonPatch": "The result at /email is required."
    }
    add = body(text.replace("remove", "test").replace('"/email"', '"/email", "value": "a@b.de"'))
    result = edited(add.patch(PatchForm.JSON_PATCH), **stored)
    assert result.changes.set == {"tags": {"SS": ["a", "b"]}}


def test_defaults_are_filled_in_if_the_settings_say_so():
    schema = item_schema(
        {"required": ["a"], "properties": {"a": {"default": ["x"], "x-dynamodb-type": "SS"}}}
    )
    assert errors_of(lambda: put("{}", schema=schema)) == {"/a": "Is required."}
    fills = body('{"b": null}', schema, schema_defaults=True)
    expected = {"a": {"SS": ["x"]}, "b": {"NULL": True}}
    assert fills.put(Representation.PLAIN).attributes == expected
    given = body('{"a": ["y"]}', schema, schema_defaults=True)
    assert given.put(Representation.PLAIN).attributes == {"a": {"SS": ["y"]}}


READ_ONLY = item_schema(
    {
        "properties": {
            "id": {},
            "created": {"readOnly": True, "type": "string"},
            "Id": {"readOnly": True},
        }
    }
)


def test_a_put_keeps_read_only_attributes_and_may_repeat_them():
    stored = Item({**KEY.attributes, "created": {"S": "2026"}, "old": {"S": "x"}})
    for text in ('{"id": "1"}', '{"id": "1", "created": "2026", "Id": 7}'):
        write = body(text, READ_ONLY).put(Representation.PLAIN)
        kept = write.completed(write.attributes, stored)
        assert kept["created"] == {"S": "2026"}
        assert "old" not in kept
        assert "created" not in write.completed({"id": {"S": "1"}}, None)
    write = body('{"created": "2027"}', READ_ONLY).put(Representation.PLAIN)
    for read in (stored, None):
        assert errors_of(lambda read=read: write.completed(write.attributes, read)) == {
            "/created": "Is read-only."
        }


def test_a_put_keeps_read_only_attributes_and_write_only_ones_that_it_does_not_set():
    schema = item_schema(
        {
            "properties": {
                "Id": {"readOnly": True},
                "created": {"readOnly": True},
                "pin": {"writeOnly": True},
                "hash": {"writeOnly": True},
            }
        }
    )
    write = body('{"pin": "1234", "created": "2026"}', schema).put(Representation.PLAIN)
    assert write.kept == {"created", "hash"}
    assert body("{}", schema).put(Representation.TYPED).kept == {"created", "hash", "pin"}


SECRET = item_schema(
    {
        "properties": {
            "pin": {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "writeOnly": True,
            },
            "hash": {"minLength": 9, "x-dynamodb-type": "B", "writeOnly": True},
            "age": {"minimum": 0},
        },
        "required": ["pin"],
    }
)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("pin", {"pin": {"M": {"swordfish": {"S": "x"}, "trout": {"S": "y"}}}}),
        ("hash", {"pin": {"M": {}}, "hash": {"S": "short"}}),
    ],
)
def test_no_error_describes_a_stored_write_only_value(name, stored):
    before = Item({**KEY.attributes, **stored})
    for representation, text in (
        (Representation.PLAIN, '{"age": 1}'),
        (Representation.TYPED, '{"age": {"N": "1"}}'),
    ):
        write = body(text, SECRET).put(representation)
        errors = errors_of(lambda write=write: write.completed(write.attributes, before))
        assert errors == {f"/{name}": "Is not valid."}
    for text in ('{"age": 1}', '{"pin": {}}'):
        patch = body(text, SECRET).patch(PatchForm.MERGE)
        errors = errors_of(lambda patch=patch: patch.changes_of(before))
        assert errors == {f"/{name}": "Is not valid."}
    for form, text in {
        PatchForm.JSON_PATCH: '[{"op": "add", "path": "/age", "value": 1}]',
        PatchForm.NATIVE: '{"UpdateExpression": "REMOVE age"}',
    }.items():
        patch = body(text, SECRET).patch(form)
        (detail,) = errors_of(lambda patch=patch: patch.changes_of(before)).values()
        assert detail == f"The result at /{name} is not valid."


def test_an_error_describes_a_write_only_value_that_was_sent():
    stored = Item({**KEY.attributes, "pin": {"M": {}}})
    sent = {"/pin/a": "Must be a whole number."}
    write = body('{"pin": {"a": "x"}}', SECRET).put(Representation.PLAIN)
    assert errors_of(lambda: write.completed(write.attributes, stored)) == sent
    write = body("{}", SECRET).put(Representation.PLAIN)
    missing = {"/pin": "Is required."}
    assert errors_of(lambda: write.completed(write.attributes, None)) == missing
    assert errors_of(lambda: body('{"pin": null}', SECRET).patch(PatchForm.MERGE)) == missing
    short = body('{"hash": "x"}', SECRET)
    assert errors_of(lambda: short.patch(PatchForm.MERGE)) == {
        "/hash": "Must have at least 9 characters."
    }


def test_a_put_may_repeat_a_read_only_set_in_any_order():
    schema = item_schema({"properties": {"groups": {"readOnly": True}}})
    stored = Item({**KEY.attributes, "groups": {"SS": ["a", "b"]}})
    write = body('{"groups": ["b", "a"]}', schema).put(Representation.PLAIN)
    assert write.completed(write.attributes, stored) == {"groups": {"SS": ["a", "b"]}}
    write = body('{"groups": ["b"]}', schema).put(Representation.PLAIN)
    assert errors_of(lambda: write.completed(write.attributes, stored)) == {
        "/groups": "Is read-only."
    }


def test_no_patch_changes_a_read_only_attribute():
    stored = {"created": {"S": "2026"}}
    for form, text in {
        PatchForm.MERGE: '{"created": null}',
        PatchForm.NATIVE: '{"UpdateExpression": "REMOVE created"}',
    }.items():
        (detail,) = errors_of(
            lambda form=form, text=text: body(text, READ_ONLY).patch(form)
        ).values()
        assert detail.lower().endswith("is read-only.")
    patch = body('[{"op": "remove", "path": "/created"}]', READ_ONLY).patch(PatchForm.JSON_PATCH)
    assert errors_of(lambda: edited(patch, **stored)) == {
        "": "The result at /created is read-only."
    }
    test = '[{"op": "test", "path": "/created", "value": "2026"}]'
    assert not edited(body(test, READ_ONLY).patch(PatchForm.JSON_PATCH), **stored).changes


def test_without_a_schema_no_rule_is_applied(monkeypatch):
    monkeypatch.setattr("dynamodb_items.web.request.write_bodies.SchemaRules", None)
    assert put('{"age": -1}', schema=None) == {"age": {"N": "-1"}}
    for form, text in {
        PatchForm.MERGE: '{"age": -1}',
        PatchForm.JSON_PATCH: "[]",
        PatchForm.NATIVE: '{"UpdateExpression": "REMOVE age"}',
    }.items():
        body(text, schema=None).patch(form)


NESTED = {"properties": {"pin": {"properties": {"swordfish": {"type": "integer"}}}}}


@pytest.mark.parametrize(
    "branches",
    [
        {"anyOf": [NESTED]},
        {"oneOf": [NESTED, {"required": ["missing"], "properties": {"pin": False}}]},
        {"anyOf": [{"oneOf": [NESTED]}]},
        {"allOf": [{"anyOf": [NESTED]}]},
    ],
)
def test_no_error_of_the_whole_item_names_a_place_in_a_stored_write_only_value(branches):
    pin = {"type": "object", "writeOnly": True}
    schema = item_schema({"properties": {"pin": pin}, **branches})
    before = Item({**KEY.attributes, "pin": {"M": {"swordfish": {"S": "x"}}}})
    for text in ('{"age": 1}', '{"pin": {}}'):
        patch = body(text, schema).patch(PatchForm.MERGE)
        errors = errors_of(lambda patch=patch: patch.changes_of(before))
        assert errors == {"": "Is not valid."}
    write = body('{"age": 1}', schema).put(Representation.PLAIN)
    assert errors_of(lambda: write.completed(write.attributes, before)) == {"": "Is not valid."}
    # The client knows what it sends itself.
    write = body('{"pin": {"swordfish": "x"}}', schema).put(Representation.PLAIN)
    errors = errors_of(lambda: write.completed(write.attributes, before))
    assert "swordfish" in errors[""]


def test_an_error_of_the_whole_item_names_a_place_in_another_attribute():
    branches = [{"properties": {"age": {"type": "integer"}}}]
    schema = item_schema({"properties": {"pin": {"writeOnly": True}}, "anyOf": branches})
    before = Item({**KEY.attributes, "pin": {"S": "x"}})
    patch = body('{"age": {"a": 1}}', schema).patch(PatchForm.MERGE)
    errors = errors_of(lambda: patch.changes_of(before))
    assert errors == {
        "": "Must match one of the allowed forms. In the closest one, /age must be a whole number."
    }
