"""The sources of credentials in containers, on loopback, as botocore and other SDKs call them.

``ContainerEndpoint`` is the endpoint of the ECS agent and of the EKS Pod Identity agent. EKS has a
token in a file, which it replaces; the endpoint accepts only the newest.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

``TokenService`` is STS for a web identity token, as in a pod with an IAM role for its service
account. It accepts only the newest token too.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

import json
import secrets
import threading
from abc import ABC, abstractmethod
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

from tests.imds import Mint

PATH = "/v1/credentials"


class _Source(ABC):
    """An HTTP server that returns credentials to a caller with the newest token."""

    rejection = "{}"
    """The body of a response to any other caller."""

    def __init__(self, mint: Mint, token_file: Path) -> None:
        self.mint = mint
        self.token_file = token_file
        self.served: list[str] = []
        """The access key IDs returned so far."""
        self._lock = threading.Lock()
        self._credentials: dict[str, Any] = {}
        self._rotations = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.rotate()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def token(self) -> str:
        return self.token_file.read_text()

    def rotate(self) -> None:
        """Replace token and credentials; the old credentials stay valid.

        The new ones expire an hour later, since a test moves the clock to the end of the old ones.
        """
        with self._lock:
            self.token_file.write_text(f"{secrets.token_hex(8)}.{secrets.token_hex(8)}")
            minted = self.mint()
            expiration = minted["Expiration"].astimezone(UTC) + self._rotations * timedelta(hours=1)
            self._credentials = {**minted, "Expiration": f"{expiration:%Y-%m-%dT%H:%M:%SZ}"}
            self._rotations += 1

    def respond(self, headers: Any, path: str, body: str) -> tuple[int, str]:
        """Return status and body of a response."""
        with self._lock:
            if not self.accepts(headers, path, body):
                return 403, self.rejection
            self.served.append(self._credentials["AccessKeyId"])
            return 200, self.page(self._credentials)

    @abstractmethod
    def accepts(self, headers: Any, path: str, body: str) -> bool: ...

    @abstractmethod
    def page(self, credentials: dict[str, Any]) -> str: ...

    def _handler(source) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                status, text = source.respond(self.headers, self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_arguments) -> None:
                pass

        return Handler


class ContainerEndpoint(_Source):
    @property
    def environment(self) -> dict[str, str]:
        """The variables that EKS Pod Identity sets in a container."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + PATH,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.token_file),
        }

    def accepts(self, headers: Any, path: str, body: str) -> bool:
        _ = body
        return path == PATH and headers.get("Authorization") == self.token

    def page(self, credentials: dict[str, Any]) -> str:
        return json.dumps(
            {
                "AccessKeyId": credentials["AccessKeyId"],
                "SecretAccessKey": credentials["SecretAccessKey"],
                "Token": credentials["SessionToken"],
                "Expiration": credentials["Expiration"],
                "AccountId": "123456789012",
            }
        )


class TokenService(_Source):
    role_arn = "arn:aws:iam::123456789012:role/web-identity"
    rejection = (
        "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>The token is not accepted."
        "</Message></Error></ErrorResponse>"
    )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that EKS sets for a service account with a role, and STS's endpoint."""
        return {
            "AWS_ROLE_ARN": self.role_arn,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.token_file),
            "AWS_ENDPOINT_URL_STS": self.url,
        }

    def accepts(self, headers: Any, path: str, body: str) -> bool:
        _ = headers, path
        return {
            "Action": ["AssumeRoleWithWebIdentity"],
            "RoleArn": [self.role_arn],
            "WebIdentityToken": [self.token],
        }.items() <= parse_qs(body).items()

    def page(self, credentials: dict[str, Any]) -> str:
        result = "AssumeRoleWithWebIdentity"
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        xml = "".join(f"<{name}>{credentials[name]}</{name}>" for name in names)
        return (
            f'<{result}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{result}Result>'
            f"<AssumedRoleUser><AssumedRoleId>R:s</AssumedRoleId><Arn>{self.role_arn}</Arn>"
            f"</AssumedRoleUser><Credentials>{xml}</Credentials></{result}Result></{result}Response>"
        )
