"""Token headers with more members than a key id and an algorithm: 200 or 401."""

import hashlib
import hmac
import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tests.access.tokens import (
    ANY,
    KEYS,
    base64url,
    handmade_token,
    jwk,
    sign_rs256,
    status,
    token,
)

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


@pytest.mark.parametrize("kid", KEYS)
def test_a_public_key_is_not_a_shared_secret(service, kid):
    pem = KEYS[kid].as_pem(private=False)
    for secret in (pem, pem.strip(), json.dumps(jwk(kid)).encode()):
        for bits in (256, 384, 512):
            forged = handmade_token(
                {"alg": f"HS{bits}", "kid": kid},
                lambda signed, bits=bits, secret=secret: hmac.digest(
                    secret, signed, getattr(hashlib, f"sha{bits}")
                ),
            )
            assert status(service(), forged) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "RS256 ", "rs256", None, 7, []])
def test_a_token_without_an_accepted_algorithm_is_rejected(service, algorithm):
    for sign in (sign_rs256, lambda _signed: b""):
        forged = handmade_token({"alg": algorithm, "kid": "rsa"}, sign)
        assert status(service(), forged) == 401


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": ["kid"]},
        {"crit": []},
        {"b64": True},
        {"b64": False},
    ],
    ids=str,
)
def test_an_extension_in_the_header_is_rejected(service, header):
    credential = handmade_token({"alg": "RS256", "kid": "rsa", **header}, sign_rs256)
    assert status(service(), credential) == 401


def test_an_unknown_member_of_the_header_is_ignored(service):
    credential = handmade_token({"alg": "RS256", "kid": "rsa", "tenant": 7}, sign_rs256)
    assert status(service(), credential) == 200


EMBEDDED = [
    {"jwk": KEYS["p256"].as_dict(private=False)},
    {"jku": "https://issuer.example/keys"},
    {"x5u": "https://issuer.example/certificate"},
    {"x5c": ["MIIB" + "A" * 2000]},
]


@pytest.mark.parametrize("header", EMBEDDED, ids=lambda header: next(iter(header)))
def test_a_key_in_the_header_is_ignored(service, header):
    assert status(service(), token("ES256", "p256", **header)) == 200
    stranger = ECKey.generate_key("P-256")
    own = {"jwk": stranger.as_dict(private=False)} if "jwk" in header else header
    assert status(service(), token("ES256", "p256", stranger, **own)) == 401
    assert status(service(), token("ES256", None, stranger, **own)) == 401
    assert status(service(), token("ES256", "unknown", stranger, **own)) == 401


@pytest.mark.parametrize(
    "kid",
    [
        *("", "RSA", "rsa ", "../../dev/null", "/keys/rsa", "rsa\x00", "' OR '1'='1", "k" * 4000),
        *(7, True, [], ["rsa"], {}, {"kid": "rsa"}),
    ],
    ids=lambda kid: repr(kid)[:20],
)
def test_a_key_id_is_a_name_in_the_key_set_and_nothing_else(service, kid):
    forged = handmade_token({"alg": "RS256", "kid": kid}, sign_rs256)
    assert status(service(), forged) == 401


def test_a_token_inside_a_token_is_rejected(service):
    """RFC 7519, section 5.2: the content of a nested token is a token, not claims."""
    inner = token("RS256", "rsa").encode()
    nested = jws.serialize_compact(
        {"alg": "RS256", "kid": "rsa", "cty": "JWT"}, inner, KEYS["rsa"], registry=ANY
    )
    assert status(service(), nested) == 401
    assert status(service(), f"{token('RS256', 'rsa')}.{base64url(b'x')}.{base64url(b'x')}") == 401


@pytest.mark.parametrize("content", [b"", b"[]", b'"claims"', b"7", b"null", b"{", b"\xff"])
def test_a_content_that_is_not_an_object_of_claims_is_rejected(service, content):
    forged = jws.serialize_compact(
        {"alg": "RS256", "kid": "rsa"}, content, KEYS["rsa"], registry=ANY
    )
    assert status(service(), forged) == 401
