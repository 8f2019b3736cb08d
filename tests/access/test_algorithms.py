"""Signature algorithms, keys and headers of tokens: each token gets either 200 or 401."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from structlog.testing import capture_logs

from service.access.public_keys import parse_key_set
from service.app import create_app
from service.setting_values import SIGNATURE_ALGORITHMS
from service.settings import Settings
from service.storage.attempts import Attempts
from service.storage.repository import ItemRepository
from tests.access.issuer import bearer

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

ISSUER = "https://issuer.example"
KEYS = {
    "rsa": RSAKey.generate_key(2048),
    "p256": ECKey.generate_key("P-256"),
    "p384": ECKey.generate_key("P-384"),
    "p521": ECKey.generate_key("P-521"),
    "ed25519": OKPKey.generate_key("Ed25519"),
}
KEY_OF = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "rsa"),
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "EdDSA": "ed25519",
    "Ed25519": "ed25519",
}
# Signs with every algorithm, the deprecated ones included.
ANY = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


class OneItem:
    """A DynamoDB client that finds an item under every key."""

    def call(self, _operation, _parameters, _deadline):
        return {"Item": {"Id": {"N": "7"}, "Name": {"S": "x"}}}

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("the credentials are valid")


def jwk(name, **members):
    return {**KEYS[name].as_dict(private=False), "kid": name, **members}


def content():
    claims = {"iss": ISSUER, "aud": "items", "sub": "alice", "scope": "items:read"}
    now = int(time.time())
    return json.dumps({**claims, "exp": now + 600, "nbf": now - 600}).encode()


def token(algorithm, kid, key=None, **header):
    head = {"alg": algorithm, "kid": kid, **header}
    head = {name: value for name, value in head.items() if value is not None}
    return jws.serialize_compact(head, content(), key or KEYS[kid], registry=ANY)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def handmade_token(header, sign):
    """A token whose header joserfc would not write; ``sign`` makes its signature."""
    signed = f"{base64url(json.dumps(header).encode())}.{base64url(content())}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def sign_rs256(signed):
    return ANY.get_alg("RS256").sign(signed, KEYS["rsa"])


@pytest.fixture
def service(tmp_path):
    """Make a client of a service with these keys and these algorithms."""

    def service(*algorithms, keys=None):
        path = tmp_path / "keys.json"
        members = [jwk(name) for name in KEYS] if keys is None else keys
        path.write_text(json.dumps({"keys": members}))
        settings = Settings(
            auth="jwt",
            jwt_issuer=ISSUER,
            jwt_audiences=("items",),
            jwt_key_set=str(path),
            jwt_algorithms=algorithms or SIGNATURE_ALGORITHMS,
        )
        attempts = Attempts(OneItem(), settings)
        repository = ItemRepository(
            attempts, settings.table, settings.key_schema, settings.version_attribute
        )
        return create_app(settings, repository).test_client()

    return service


def status(client, credential):
    return client.get("/items/7/x", headers=bearer(credential)).status_code


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


def test_keys_of_one_id_are_told_apart_by_algorithm(service):
    client = service(keys=[jwk("rsa", kid="1"), jwk("p256", kid="1")])
    assert status(client, token("RS256", "1", KEYS["rsa"])) == 200
    assert status(client, token("ES256", "1", KEYS["p256"])) == 200


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
        keys = parse_key_set(json.dumps({"keys": members}).encode())
    assert len(keys) == 1
    assert keys.find("rsa", "PS384") is not None
    (line,) = lines
    assert line["event"] == "keys rejected"
    assert line["count"] == 11
    assert [each.partition(":")[0] for each in line["keys"]] == [
        *("small", "secret", "published", "agreement", "bitcoin", "wrong point", "wrong curve"),
        *("wrong type", "wrong alg", "nothing", "None"),
    ]
    assert line["keys"][0] == "small: an RSA key of 1024 bits; at least 2048"


def test_a_secret_in_the_key_set_signs_no_token(service):
    secret = OctKey.generate_key(256)
    client = service(keys=[{**secret.as_dict(private=True), "kid": "s"}])
    assert status(client, token("HS256", "s", secret)) == 401


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
