"""Signature algorithms and keys of tokens: each token gets either 200 or 401."""

import json

import pytest
from dynamodb_items.access.public_keys import parse_jwks
from dynamodb_items.config.values import SIGNATURE_ALGORITHMS
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from structlog.testing import capture_logs

from tests.access.tokens import ANY, KEY_OF, KEYS, handmade_token, jwk, status, token

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


def test_the_table_of_keys_has_every_algorithm():
    assert KEY_OF.keys() == set(SIGNATURE_ALGORITHMS)


@pytest.mark.parametrize("setting", SIGNATURE_ALGORITHMS)
def test_exactly_the_algorithm_of_the_setting_is_accepted(service, setting):
    client = service(setting)
    statuses = {
        algorithm: status(client, token(algorithm, kid)) for algorithm, kid in KEY_OF.items()
    }
    assert statuses == {name: 200 if name == setting else 401 for name in SIGNATURE_ALGORITHMS}


def test_several_algorithms_are_accepted_together(service):
    client = service("ES384", "PS512")
    statuses = {name: status(client, token(name, kid)) for name, kid in KEY_OF.items()}
    assert {name for name, each in statuses.items() if each == 200} == {"ES384", "PS512"}


@pytest.mark.parametrize("algorithm", SIGNATURE_ALGORITHMS)
def test_a_key_with_alg_verifies_only_that_algorithm(service, algorithm):
    kid = KEY_OF[algorithm]
    client = service(keys=[jwk(kid, alg=algorithm)])
    accepted = [
        each
        for each, name in KEY_OF.items()
        if name == kid and status(client, token(each, kid)) == 200
    ]
    assert accepted == [algorithm]


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": ["encrypt"]}, {"alg": "RSA-OAEP"}],
    ids=str,
)
def test_a_key_for_another_use_verifies_nothing(service, members):
    assert status(service(keys=[jwk("rsa", **members)]), token("RS256", "rsa")) == 401


@pytest.mark.parametrize(
    "members",
    [{}, {"use": "sig"}, {"key_ops": ["verify"]}, {"alg": "RS256"}, {"x5t": None, "x5c": 1}],
    ids=str,
)
def test_a_key_for_signatures_verifies(service, members):
    assert status(service(keys=[jwk("rsa", **members)]), token("RS256", "rsa")) == 200


@pytest.mark.parametrize(
    ("algorithm", "fitting", "kid"),
    [("ES256", "p256", "p384"), ("ES384", "p384", "p256"), ("ES512", "p521", "p256")],
)
def test_a_curve_that_does_not_fit_the_algorithm_is_rejected(service, algorithm, fitting, kid):
    other_curve = ANY.get_alg(algorithm)
    header = {"alg": algorithm, "kid": kid}
    forged = handmade_token(header, lambda signed: other_curve.sign(signed, KEYS[kid]))
    assert status(service(), forged) == 401
    assert status(service(), token(algorithm, kid, KEYS[fitting])) == 401


def test_keys_with_one_id_are_distinguished_by_algorithm(service):
    client = service(keys=[jwk("rsa", kid="1"), jwk("p256", kid="1")])
    assert status(client, token("RS256", "1", KEYS["rsa"])) == 200
    assert status(client, token("ES256", "1", KEYS["p256"])) == 200


def test_a_key_that_is_listed_twice_counts_once(service):
    client = service(keys=[jwk("p256"), jwk("p256")])
    assert status(client, token("ES256", None, KEYS["p256"])) == 200


def test_a_token_without_key_id_takes_the_only_key_that_fits(service):
    client = service(keys=[jwk("rsa"), jwk("p256")])
    assert status(client, token("ES256", None, KEYS["p256"])) == 200
    client = service(keys=[jwk("p256"), jwk("p256", kid="second")])
    assert status(client, token("ES256", None, KEYS["p256"])) == 401


def rsa_key(bits):
    return RSAKey.generate_key(bits)


@pytest.mark.parametrize(("bits", "expected"), [(1024, 401), (2040, 401), (2048, 200), (3072, 200)])
def test_small_rsa_keys_are_rejected_and_the_others_of_the_set_are_kept(service, bits, expected):
    key = rsa_key(bits)
    member = {**key.as_dict(private=False), "kid": "k"}
    client = service(keys=[member, jwk("p256")])
    assert status(client, token("RS256", "k", key)) == expected
    assert status(client, token("PS256", "k", key)) == expected
    assert status(client, token("ES256", "p256")) == 200


def test_a_large_rsa_key_is_accepted(service):
    key = rsa_key(8192)
    client = service(keys=[{**key.as_dict(private=False), "kid": "k"}])
    assert status(client, token("RS256", "k", key)) == 200


def test_each_rejected_key_is_logged_with_its_id():
    members = [
        {**rsa_key(1024).as_dict(private=False), "kid": "small"},
        jwk("rsa"),
        {**OctKey.generate_key(256).as_dict(private=True), "kid": "secret"},
        {**KEYS["p256"].as_dict(private=True), "kid": "published"},
        {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "agreement"},
        {**ECKey.generate_key("secp256k1").as_dict(private=False), "kid": "bitcoin"},
        jwk("p256", kid="wrong point", x="AA"),
        jwk("p256", kid="wrong curve", crv="P-999"),
        jwk("p256", kid="wrong type", kty="AKP"),
        jwk("p256", kid="wrong alg", alg="ES384"),
        jwk("rsa", kid="encryption", use="enc"),
        {"kid": "nothing"},
        "text",
    ]
    with capture_logs() as lines:
        keys = parse_jwks(json.dumps({"keys": members}).encode())
    assert len(keys) == 1
    assert keys.find("rsa", "PS384") is not None
    (line,) = lines
    assert line["event"] == "keys rejected"
    assert line["count"] == 11
    assert [each.partition(":")[0] for each in line["keys"]] == [
        *("small", "secret", "published", "agreement", "bitcoin", "wrong point", "wrong curve"),
        *("wrong type", "wrong alg", "nothing", "None"),
    ]
    assert line["keys"][0] == "small: 1024 bits; an RSA key has 2048 to 16384"


def test_a_secret_in_the_key_set_signs_no_token(service):
    secret = OctKey.generate_key(256)
    client = service(keys=[{**secret.as_dict(private=True), "kid": "s"}])
    assert status(client, token("HS256", "s", secret)) == 401
