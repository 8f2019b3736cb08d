"""The settings: read once, all errors reported together, and each documented."""

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from dynamodb_items.config.settings import Settings, SettingsError, unknown_variables
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

PAGE = Path(__file__).parents[2] / "docs/settings.md"


def test_the_defaults_are_the_tutorials():
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.table == "my-dynamodb-table"
    assert settings.key_schema.names == ("Id", "Name")
    assert (settings.partition_key.type, settings.sort_key.type) == ("N", "S")
    assert settings.operations == DEFAULT_OPERATIONS


def test_settings_are_read_from_the_environment():
    settings = Settings.from_environment(
        {
            "ITEMS_TABLE": "orders",
            "ITEMS_PARTITION_KEY": "tenant:id:S",
            "ITEMS_OPERATIONS": "GetItem, PutItem",
            "ITEMS_VERSION_ATTRIBUTE": "",
            "ITEMS_REQUIRE_IF_MATCH": "TRUE",
            "ITEMS_DEADLINE_SECONDS": "2.5",
        }
    )
    assert settings.table == "orders"
    assert settings.partition_key.name == "tenant:id"
    assert settings.operations == {Operation.GET_ITEM, Operation.PUT_ITEM}
    assert settings.version_attribute == ""
    assert settings.require_if_match
    assert settings.deadline_seconds == 2.5


@pytest.mark.parametrize("url", ["reddis://:canary@host", "redis://:can/ary@host", "redis://[can"])
def test_an_error_in_a_url_with_a_password_does_not_show_it(url):
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"ITEMS_RATE_LIMIT_STORAGE": url})
    (error,) = raised.value.errors
    assert error.startswith("ITEMS_RATE_LIMIT_STORAGE: must be ")
    assert "can" not in error


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings().table = "another"


def test_all_errors_are_reported_together():
    environment = {
        "ITEMS_TABLE": "",
        "ITEMS_PARTITION_KEY": "Id",
        "ITEMS_SORT_KEY": "Name:BOOL",
        "ITEMS_OPERATIONS": "GetItem,BatchGetItem",
        "ITEMS_REQUIRE_IF_MATCH": "yes",
        "ITEMS_DEADLINE_SECONDS": "soon",
    }
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(environment)
    assert [error.partition("=")[0] for error in raised.value.errors] == list(environment)


@pytest.mark.parametrize(
    "table",
    [
        *("", "ab", "a b", "t" * 256, "arn:aws:s3:::bucket"),
        "arn:aws:dynamodb:us-east-2:1234:table/orders",
        "arn:aws:dynamodb:us-east-2:123456789012:table/orders/index/by-email",
        "arn:aws:dynamodb:us-east-2:123456789012:table/o",
    ],
)
def test_an_invalid_table_is_rejected_at_the_start(table):
    with pytest.raises(SettingsError, match="ITEMS_TABLE"):
        Settings.from_environment({"ITEMS_TABLE": table})


def test_a_table_may_be_named_by_its_arn():
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"
    settings = Settings.from_environment({"ITEMS_TABLE": arn, "AWS_REGION": "us-east-2"})
    assert settings.table == arn
    assert (settings.table_name, settings.table_region) == ("my-dynamodb-table", "us-east-2")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"AWS_REGION": "us-east-1"}, "AWS_REGION is us-east-1"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "AWS_DEFAULT_REGION is us-east-1"),
        ({"AWS_REGION": "us-west-1", "AWS_DEFAULT_REGION": "us-east-2"}, "AWS_REGION is us-west-1"),
    ],
)
def test_an_arn_of_another_region_than_the_configured_one_is_rejected(variables, named):
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"
    with pytest.raises(SettingsError, match=f"a table in us-east-2, but {named}. Set AWS_"):
        Settings.from_environment({"ITEMS_TABLE": arn, **variables})


def test_the_advice_for_another_region_suits_lambda():
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/orders"
    with pytest.raises(SettingsError) as rejected:
        Settings.from_environment({"ITEMS_TABLE": arn, "AWS_REGION": "us-east-1"})
    assert rejected.value.errors == [
        "ITEMS_TABLE is a table in us-east-2, but AWS_REGION is us-east-1. Set AWS_REGION to the "
        "region in the ARN, or unset it. Lambda sets AWS_REGION itself: run the function in the "
        "table's region."
    ]


def test_the_region_of_a_table_s_name_is_the_configured_one():
    settings = Settings.from_environment({"ITEMS_TABLE": "orders", "AWS_REGION": "us-east-1"})
    assert (settings.table_name, settings.table_region) == ("orders", None)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "", "1e300"])
def test_a_deadline_is_a_finite_time_above_zero(seconds):
    with pytest.raises(SettingsError, match="ITEMS_DEADLINE_SECONDS"):
        Settings.from_environment({"ITEMS_DEADLINE_SECONDS": seconds})


def test_without_reads_the_service_does_not_start():
    with pytest.raises(SettingsError, match="must include GetItem"):
        Settings.from_environment({"ITEMS_OPERATIONS": "PutItem"})


def test_the_three_attributes_of_the_service_are_different_ones():
    with pytest.raises(SettingsError, match="name different attributes"):
        Settings.from_environment({"ITEMS_VERSION_ATTRIBUTE": "Name"})


def test_configured_authentication_is_never_left_out():
    with pytest.raises(SettingsError, match="ITEMS_AUTH"):
        Settings.from_environment({"ITEMS_AUTH": "none-such"})


@pytest.mark.parametrize("variable", ["ITEMS_SCHEMA_DEFAULTS", "ITEMS_SCHEMA_FULL_ACCESS"])
def test_a_setting_about_a_schema_requires_a_schema(variable):
    with pytest.raises(SettingsError, match="ITEMS_SCHEMA_FULL_ACCESS require ITEMS_SCHEMA"):
        Settings.from_environment({variable: "true"})


def test_a_misspelt_variable_is_pointed_out():
    (sentence,) = unknown_variables({"ITEMS_TABEL": "x", "ITEMS_TABLE": "y", "PATH": "z"})
    assert sentence == "Unknown setting ITEMS_TABEL is ignored. Did you mean ITEMS_TABLE?"


def test_the_page_of_settings_names_each_with_its_default_and_unit():
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if match := re.fullmatch(r"`(ITEMS_\w+)`", cells[0]):
            rows[match[1]] = cells[1:]
    settings = {setting.metadata["variable"]: setting for setting in fields(Settings)}
    assert rows.keys() == settings.keys()
    for variable, (default, unit, meaning) in rows.items():
        expected = settings[variable].metadata["default"]
        assert default == (f"`{expected}`" if expected else "unset"), variable
        assert unit == ("seconds" if variable.endswith("_SECONDS") else unit), variable
        assert unit, variable
        assert len(meaning) > 20, variable


def test_indexes_and_their_keys():
    settings = Settings.from_environment(
        {
            "ITEMS_OPERATIONS": "GetItem,Query",
            "ITEMS_INDEXES": "by-email=Email:S, by-status=Status:S+CreatedAt:N/partial",
        }
    )
    email, status = settings.indexes
    assert (email.name, email.key_schema.names, email.is_partial) == ("by-email", ("Email",), False)
    assert (status.name, status.key_schema.names) == ("by-status", ("Status", "CreatedAt"))
    assert status.is_partial


def test_partial_indexes_that_may_lack_the_time_to_live_are_known():
    variables = {
        "ITEMS_OPERATIONS": "GetItem,Query",
        "ITEMS_INDEXES": "whole=A:S,some=A:S/partial,by-end=A:S+expires:N/partial",
    }
    assert Settings.from_environment(variables).indexes_without_ttl == []
    variables["ITEMS_TTL_ATTRIBUTE"] = "expires"
    assert Settings.from_environment(variables).indexes_without_ttl == ["some"]


def test_the_index_with_an_invalid_key_is_named():
    with pytest.raises(SettingsError) as rejected:
        Settings.from_environment({"ITEMS_INDEXES": "by-email=Email:S,by-status=Status:S+At"})
    assert [error.partition(": ")[2] for error in rejected.value.errors] == [
        "each key of the index by-status must be an attribute name and its type, N, S, B, such "
        "as Id:N."
    ]


@pytest.mark.parametrize(
    "indexes",
    [
        *("by-email", "by-email=", "=Email:S", "by-email=Email", "by-email=Email:X", "a=Email:S"),
        *("by-email=Email:S+", "by-email=+At:N", "by email=Email:S", "by-email=/partial"),
        "by-email=Email:S,by-email=Other:S",
    ],
)
def test_invalid_indexes_are_reported(indexes):
    with pytest.raises(SettingsError, match="ITEMS_INDEXES"):
        Settings.from_environment({"ITEMS_OPERATIONS": "GetItem,Query", "ITEMS_INDEXES": indexes})


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"ITEMS_INDEXES": "by-email=Email:S"}, "no effect without Query"),
        ({"ITEMS_OPERATIONS": "GetItem,Query", "ITEMS_SORT_KEY": ""}, "nothing to query"),
        ({"ITEMS_OPERATIONS": "GetItem,Query", "ITEMS_INDEXES": "by-id=Id:S"}, "Id .* is N and S"),
        (
            {"ITEMS_OPERATIONS": "GetItem,Query", "ITEMS_INDEXES": "one=A:S,two=B:S+A:B"},
            "A .* is B and S in",
        ),
        (
            {"ITEMS_OPERATIONS": "GetItem,Query", "ITEMS_INDEXES": "one=A:S+A:S"},
            "A as both keys of one",
        ),
        ({"ITEMS_MAX_PAGE_SIZE": "1001"}, "from 1 to 1000"),
        ({"ITEMS_MAX_PAGE_SIZE": "0"}, "from 1 to 1000"),
    ],
)
def test_settings_of_lists_that_cannot_be(environment, words):
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment(environment)


def test_a_query_of_indexes_needs_no_sort_key():
    settings = Settings.from_environment(
        {
            "ITEMS_OPERATIONS": "GetItem,Query",
            "ITEMS_SORT_KEY": "",
            "ITEMS_INDEXES": "by-email=Email:S",
        }
    )
    assert settings.key_schema.sort is None
