"""AWS Signature Version 4 for one kind of request: a POST of JSON to the root of one endpoint.

The signing key is computed once for each set of credentials and day, the timestamp once a second.
The result equals that of botocore's ``SigV4Auth`` byte for byte; a test compares them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER_VALUE = re.compile(r"[\x21-\x7e]+", re.ASCII)


class UnsupportedCredentials(Exception):
    """The credentials contain characters that a header must not; botocore reports the error."""


@dataclass(frozen=True, slots=True)
class _SigningKey:
    """The parts of a signature that depend only on credentials and day."""

    identity: tuple[str, str, str | None]
    day: str
    key: bytes
    scope: str
    authorization: str
    signed_headers: str
    canonical_token: str
    token_header: str


class Signer:
    """A signer of requests to one endpoint."""

    def __init__(
        self,
        region: str,
        service: str,
        host: str,
        content_type: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._region = region
        self._service = service
        self._before_date = f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:"
        self._latest: _SigningKey | None = None
        self._now = (0, "")

    def header_lines(self, target: str, body: bytes, credentials: ReadOnlyCredentials) -> str:
        """Return the header lines that sign a request with this ``X-Amz-Target``.

        They are ``X-Amz-Date``, ``Authorization`` and, for temporary credentials,
        ``X-Amz-Security-Token``, each with its line end.

        Raises:
            UnsupportedCredentials: the credentials are not a valid header value.
        """
        timestamp = self._timestamp()
        key = self._signing_key(credentials, timestamp[:8])
        payload_hash = hashlib.sha256(body).hexdigest()
        canonical_request = (
            f"{self._before_date}{timestamp}\n{key.canonical_token}x-amz-target:{target}\n\n"
            f"{key.signed_headers}\n{payload_hash}"
        )
        request_hash = hashlib.sha256(canonical_request.encode()).hexdigest()
        signature = hmac.digest(
            key.key, f"{_ALGORITHM}\n{timestamp}\n{key.scope}\n{request_hash}".encode(), "sha256"
        ).hex()
        return (
            f"X-Amz-Date: {timestamp}\r\n{key.token_header}"
            f"Authorization: {key.authorization}{signature}\r\n"
        )

    def _timestamp(self) -> str:
        second = int(self._clock())
        known, timestamp = self._now
        if known != second:
            timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._now = (second, timestamp)
        return timestamp

    def _signing_key(self, credentials: ReadOnlyCredentials, day: str) -> _SigningKey:
        identity = (credentials.access_key or "", credentials.secret_key or "", credentials.token)
        latest = self._latest
        if latest is None or latest.day != day or latest.identity != identity:
            latest = self._latest = self._derived_key(identity, day)
        return latest

    def _derived_key(self, identity: tuple[str, str, str | None], day: str) -> _SigningKey:
        access_key, secret_key, token = identity
        if not all(_HEADER_VALUE.fullmatch(value) for value in (access_key, token or "-")):
            raise UnsupportedCredentials
        key = f"AWS4{secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        names = ["content-type", "host", "x-amz-date", "x-amz-target"]
        if token:
            names.insert(3, "x-amz-security-token")
        signed_headers = ";".join(names)
        return _SigningKey(
            identity=identity,
            day=day,
            key=key,
            scope=scope,
            authorization=(
                f"{_ALGORITHM} Credential={access_key}/{scope}, "
                f"SignedHeaders={signed_headers}, Signature="
            ),
            signed_headers=signed_headers,
            canonical_token=f"x-amz-security-token:{token}\n" if token else "",
            token_header=f"X-Amz-Security-Token: {token}\r\n" if token else "",
        )
