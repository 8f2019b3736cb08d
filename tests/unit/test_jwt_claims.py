"""Claims of tokens with valid signatures: the caller, or the reason for a 401."""

import time

import pytest
from dynamodb_items.access.callers import Scope
from dynamodb_items.access.jwt_claims import ClaimRules, ClaimsReader
from dynamodb_items.config import claims as parsers
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.errors import NotPermitted, Unauthenticated

NOW = 1_800_000_000
CLAIMS = {
    "iss": "https://issuer.example",
    "aud": "items",
    "sub": "alice",
    "exp": NOW + 600,
    "nbf": NOW - 600,
    "scope": "items:read",
}
ACCEPTED = frozenset({Scope.READ})


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: float(NOW))


def caller_of(header=None, *, audience="aud", scope="scope,scp", tenant="", **changes):
    rules = ClaimRules(
        issuer="https://issuer.example",
        audiences=("items", "api://items"),
        audience_claims=parsers.claims(audience),
        scope_claims=parsers.claims(scope),
        scopes={Scope.READ: ("items:read", "Items.Read"), Scope.WRITE: ("items:write",)},
        tenant_claim=parsers.claim(tenant),
        leeway_seconds=30,
        require_nbf=False,
    )
    reader = ClaimsReader(rules, Settings().key_schema)
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value != "absent"}
    return reader.caller_of(header or {}, claims)


def rejection(header=None, **changes):
    with pytest.raises(Unauthenticated) as raised:
        caller_of(header, **changes)
    return raised.value.detail


def test_a_valid_token_identifies_its_caller():
    caller = caller_of()
    assert (caller.id, caller.scopes, caller.partition) == ("alice", ACCEPTED, None)


@pytest.mark.parametrize(
    "aud", ["items", "api://items", ["items"], ["another", "items"], ["items", "items"]]
)
def test_the_audience_may_be_a_text_or_an_array(aud):
    assert caller_of(aud=aud).id == "alice"


@pytest.mark.parametrize(
    "aud",
    [
        *("", "item", "items ", " items", "ITEMS", "items another", "items,another", "items\x00"),
        *([], [""], ["another"], [["items"]], ["items", 7], ["items", None], {"items": True}),
        *(None, True, 7, 1.5, {"0": "items"}),
    ],
    ids=repr,
)
def test_any_other_audience_is_rejected(aud):
    assert rejection(aud=aud) == (
        "The token is for another audience: aud must be items or api://items."
    )


def test_the_first_audience_claim_that_a_token_has_decides():
    both = {"audience": "aud,client_id"}
    assert caller_of(aud="absent", client_id="items", **both).id == "alice"
    expected = "The token is for another audience: aud or client_id must be items or api://items."
    assert rejection(aud="another", client_id="items", **both) == expected
    assert rejection(aud=None, client_id="items", **both) == expected
    assert rejection(aud="absent", **both) == "The token lacks the claim aud."


@pytest.mark.parametrize(
    ("name", "value", "is_accepted"),
    [
        ("exp", NOW + 1, True),
        ("exp", NOW - 29, True),
        ("exp", NOW + 0.5, True),
        ("exp", 10**400, True),
        ("exp", NOW - 30, False),
        ("exp", 0, False),
        ("exp", -1, False),
        ("exp", True, False),
        ("exp", str(NOW + 600), False),
        ("exp", float("inf"), False),
        ("exp", float("nan"), False),
        ("exp", [NOW + 600], False),
        ("exp", {"$date": NOW + 600}, False),
        ("exp", None, False),
        ("exp", "absent", False),
        ("nbf", NOW + 30, True),
        ("nbf", -1, True),
        ("nbf", "absent", True),
        ("nbf", NOW + 31, False),
        ("nbf", True, False),
        ("nbf", str(NOW), False),
        ("nbf", float("-inf"), False),
        ("nbf", None, False),
        ("iat", NOW + 31, False),
        ("iat", "2026-11-27", False),
    ],
    ids=repr,
)
def test_dates_are_numbers_within_the_leeway(name, value, is_accepted):
    if is_accepted:
        assert caller_of(**{name: value}).id == "alice"
    else:
        assert rejection(**{name: value})


@pytest.mark.parametrize(
    "iss",
    [
        "https://issuer.example/",
        "https://issuer.example.evil",
        "HTTPS://issuer.example",
        ["https://issuer.example"],
        None,
        7,
        "absent",
    ],
    ids=repr,
)
def test_another_issuer_is_rejected(iss):
    detail = rejection(iss=iss)
    if isinstance(iss, str) and iss != "absent":
        assert detail == "The token is of another issuer than https://issuer.example."


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("items:read", [Scope.READ]),
        ("openid items:write items:read", [Scope.READ, Scope.WRITE]),
        (["items:read"], [Scope.READ]),
        (["Items.Read", 7, None, ["items:write"]], [Scope.READ]),
        ("items:readwrite", []),
        ("items:read,items:write", []),
        ("items:read\titems:write", []),
        ("ITEMS:READ", []),
        ("xitems:read items:writes", []),
        (["items:read items:write"], []),
        (["items:read "], []),
        ({"items:read": True}, []),
        ([["items:read"]], []),
        ("items:*", []),
        ("", []),
        (None, []),
        (True, []),
    ],
    ids=repr,
)
def test_only_whole_words_grant_a_scope(value, scopes):
    assert caller_of(scope="scope", **{"scp": "items:write"} | {"permissions": value}).scopes == (
        ACCEPTED
    )
    assert caller_of(scope="permissions", permissions=value).scopes == frozenset(scopes)


def test_the_first_scope_claim_that_a_token_has_is_used():
    caller = caller_of(scope="scp,roles", scp="openid", roles=["items:read"])
    assert caller.scopes == frozenset()
    assert caller_of(scope="scp,roles", roles=["items:read"]).scopes == ACCEPTED


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["items:read"]}}),
        ("/realm_access/roles", {"realm_access": {"roles": ["items:read"]}}),
        ("/resource_access/a.b~1c/roles", {"resource_access": {"a.b/c": {"roles": "items:read"}}}),
        ("https://shop.example/roles", {"https://shop.example/roles": ["items:read"]}),
        ("a.b", {"a.b": "items:read", "a": {"b": "items:write"}}),
        ("cognito:groups", {"cognito:groups": ["items:read"]}),
        (".x.", {".x.": "items:read"}),
    ],
)
def test_a_claim_inside_another_one_has_a_path(path, claims):
    assert caller_of(scope=path, **claims).scopes == ACCEPTED


@pytest.mark.parametrize(
    "claims",
    [{}, {"a": None}, {"a": "b"}, {"a": ["items:read"]}, {"a": {"c": 1}}, {"a": [{"b": "x"}]}],
    ids=repr,
)
def test_a_path_that_leads_nowhere_grants_nothing(claims):
    assert caller_of(scope="a.b", **claims).scopes == frozenset()
    assert caller_of(scope="/a/b", **claims).scopes == frozenset()


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "id+jwt"}, {}),
        ({"typ": "logout+jwt"}, {}),
        ({"typ": "dpop+jwt"}, {}),
        ({"typ": "JOSE"}, {}),
        ({"typ": "application/secevent+jwt"}, {}),
        ({"typ": ""}, {}),
        ({"typ": None}, {}),
        ({"typ": ["at+jwt"]}, {}),
        ({}, {"token_use": "id"}),
        ({"typ": "at+jwt"}, {"token_use": "id"}),
        ({}, {"token_use": None}),
        ({}, {"typ": "ID"}),
        ({}, {"typ": "Refresh"}),
        ({}, {"typ": "Offline"}),
        ({}, {"typ": 7}),
        ({}, {"nonce": "n"}),
        ({"typ": "JWT"}, {"at_hash": "h"}),
        ({}, {"c_hash": ""}),
    ],
    ids=repr,
)
def test_only_an_access_token_is_accepted(header, claims):
    assert rejection(header, **claims).startswith("The token is not an access token. Send the ")


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {}),
        ({"typ": "JWT"}, {}),
        ({"typ": "jwt"}, {}),
        ({"typ": "at+jwt"}, {}),
        ({"typ": "application/at+JWT"}, {}),
        ({"typ": "at+jwt"}, {"nonce": "n"}),
        ({}, {"token_use": "access"}),
        ({}, {"typ": "Bearer", "nonce": "n"}),
    ],
    ids=repr,
)
def test_every_form_of_access_token_is_accepted(header, claims):
    assert caller_of(header, **claims).id == "alice"


def test_a_tenant_may_be_inside_another_claim():
    partition = caller_of(tenant="organization.id", organization={"id": "0104"}).partition
    assert partition == {"N": "104"}
    with pytest.raises(NotPermitted):
        caller_of(tenant="organization.id", organization="104")
    with pytest.raises(NotPermitted):
        caller_of(tenant="/organization/id")


@pytest.mark.parametrize("quoted", ['a"b', "a\\b", "ä\r\nX: y"])
def test_a_challenge_has_only_characters_that_a_header_may_have(quoted):
    rules = ClaimRules(
        issuer=CLAIMS["iss"],
        audiences=(quoted,),
        audience_claims=parsers.claims("aud"),
        scope_claims=parsers.claims("scope"),
        scopes={},
        tenant_claim=None,
        leeway_seconds=30,
        require_nbf=False,
    )
    with pytest.raises(Unauthenticated) as raised:
        ClaimsReader(rules, Settings().key_schema).caller_of({}, CLAIMS)
    assert set(raised.value.detail).isdisjoint('"\\\r\nä')


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ITEMS_JWT_AUDIENCE_CLAIM", "", "must name a claim"),
        ("ITEMS_JWT_SCOPE_CLAIM", " , ", "must name a claim"),
        ("ITEMS_JWT_SCOPE_CLAIM", "/a~2b", "is not a JSON Pointer"),
        ("ITEMS_READ_SCOPES", "", "must name a scope"),
        ("ITEMS_WRITE_SCOPES", 'a"b', "is not a scope"),
        ("ITEMS_WRITE_SCOPES", "two words", "is not a scope"),
        ("ITEMS_READ_SCOPES", "api/read", "ITEMS_READ_SCOPES requires ITEMS_AUTH=jwt"),
    ],
)
def test_invalid_settings_are_reported(variable, value, message):
    with pytest.raises(SettingsError, match=message):
        Settings.from_environment({variable: value})
