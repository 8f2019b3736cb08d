"""An instance metadata service (IMDSv2) on loopback, as botocore and other SDKs call it.

Start it in the test, then point any SDK, in this process or another, at it:

    with InstanceMetadata(minted_by_sts(endpoint, role_arn)) as imds:
        environment = imds.environment  # AWS_EC2_METADATA_SERVICE_ENDPOINT and no more

Like the real service it requires a session token (PUT, with a lifetime) for each read and responds
401 without it. It returns the same credentials until they are rotated, and 404 without a role.
A test can make it fail: ``status = 503`` is the response to every request, ``delay_seconds`` makes
it slow, ``code`` replaces the credentials with an error, ``close_port()`` closes the port and
``accept()`` opens the same port again.

botocore extends an expiry nearer than about 20 minutes to about 20 minutes from now. To see a
refresh, move botocore's clock or rotate the credentials; a short lifetime has no effect.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.engines import REGION, TESTING, client_for

TOKEN_SECONDS = range(1, 21600 + 1)
CREDENTIALS = "/latest/meta-data/iam/security-credentials/"

Mint = Callable[[], dict[str, Any]]
"""Makes credentials as AssumeRole returns them: AccessKeyId, SecretAccessKey, SessionToken and
Expiration (a datetime with a time zone)."""


def minted_by_sts(endpoint: str, role_arn: str, credentials: tuple[str, ...] = TESTING) -> Mint:
    """Return a function that gets credentials of the role from the engine's STS.

    If the engine enforces IAM, ``credentials`` must be allowed to assume the role.
    """
    sts = client_for(endpoint, "sts", credentials)
    return lambda: sts.assume_role(RoleArn=role_arn, RoleSessionName="i-double")["Credentials"]


def made_up() -> dict[str, Any]:
    """Return credentials that no engine checks."""
    return {
        "AccessKeyId": f"ASIA{secrets.token_hex(8).upper()}",
        "SecretAccessKey": secrets.token_urlsafe(30),
        "SessionToken": secrets.token_urlsafe(60),
        "Expiration": datetime.now(UTC) + timedelta(hours=6),
    }


class InstanceMetadata:
    """The metadata service of one instance; its attributes may be changed while it runs."""

    def __init__(
        self,
        mint: Mint = made_up,
        *,
        role_name: str | None = "EC2RoleToAccessDynamoDBTable",
        instance_id: str = "i-0123456789abcdef0",
        region: str = REGION,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mint = mint
        self.role_name = role_name
        self.instance_id = instance_id
        self.region = region
        self.expiration: datetime | None = None
        """The expiration of credentials minted from now on; None for their own."""
        self.status: int | None = None
        self.code = "Success"
        """The code on the role's page; any other code replaces the credentials."""
        self.delay_seconds = 0.0
        self.requests: list[tuple[str, str, int]] = []
        """Method, path and status of each request so far."""
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._credentials: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.accept()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a process use this service."""
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}

    def accept(self) -> None:
        """Start listening, on the same port as before."""
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
            self._server.daemon_threads = True
            self._port = self._server.server_port
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close_port(self) -> None:
        """Stop listening, so that connections fail."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def rotate(self) -> None:
        """Return new credentials from the next request on; the old ones stay valid."""
        with self._lock:
            self._credentials = None

    @property
    def credentials(self) -> dict[str, Any]:
        """The current credentials."""
        with self._lock:
            if self._credentials is None:
                minted = self.mint()
                expiration = self.expiration or minted["Expiration"]
                self._credentials = {
                    "Code": "Success",
                    "LastUpdated": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "Type": "AWS-HMAC",
                    "AccessKeyId": minted["AccessKeyId"],
                    "SecretAccessKey": minted["SecretAccessKey"],
                    "Token": minted["SessionToken"],
                    "Expiration": f"{expiration.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                }
            return self._credentials

    def _role_page(self) -> str:
        return json.dumps(
            self.credentials
            if self.code == "Success"
            else {"Code": self.code, "Message": "EC2 cannot assume the role"}
        )

    def _token(self, lifetime: str | None, forwarded: bool) -> tuple[int, str]:
        if forwarded:
            return 403, "Forbidden"
        if not (lifetime and lifetime.isdecimal() and int(lifetime) in TOKEN_SECONDS):
            return 400, "Bad Request"
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._tokens[token] = self._clock() + int(lifetime)
        return 200, token

    def _read(self, path: str, token: str | None) -> tuple[int, str]:
        with self._lock:
            valid = self._tokens.get(token or "", float("-inf")) > self._clock()
        if not valid:
            return 401, "Unauthorized"
        pages: dict[str, Callable[[], str]] = {
            "/latest/meta-data/instance-id": lambda: self.instance_id,
            "/latest/meta-data/placement/region": lambda: self.region,
            "/latest/meta-data/placement/availability-zone": lambda: f"{self.region}a",
            "/latest/dynamic/instance-identity/document": lambda: json.dumps(
                {"instanceId": self.instance_id, "region": self.region}
            ),
        }
        if self.role_name:
            pages[CREDENTIALS.rstrip("/")] = lambda: self.role_name
            pages[CREDENTIALS + self.role_name] = self._role_page
        page = pages.get(path.rstrip("/"))
        return (200, page()) if page else (404, "Not Found")

    def _handler(imds) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
                if self.path == "/latest/api/token":
                    forwarded = "X-Forwarded-For" in self.headers
                    self._respond(lambda: imds._token(lifetime, forwarded))
                else:
                    self._respond(lambda: (405, "Method Not Allowed"))

            def do_GET(self) -> None:
                token = self.headers.get("X-aws-ec2-metadata-token")
                self._respond(lambda: imds._read(self.path, token))

            def _respond(self, respond: Callable[[], tuple[int, str]]) -> None:
                time.sleep(imds.delay_seconds)
                status, text = (imds.status, "") if imds.status else respond()
                imds.requests.append((self.command, self.path, status))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments) -> None:
                pass

        return Handler
