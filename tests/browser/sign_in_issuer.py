"""An OpenID Connect issuer with a login page: authorization code flow with PKCE for one client."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.access.issuer import Issuer
from tests.loopback import loopback

CLIENT = "item-page"


class SignInIssuer(Issuer):
    """Issues a token for a code, once, to the client that has its verifier."""

    def __init__(self) -> None:
        super().__init__()
        self.claims_of_user = {}
        self.authorization_requests = []
        self.token_requests = []
        self.error = None
        self.changes = {}
        """Changes of the parameters with which it redirects."""
        self._codes = {}

    @property
    def metadata(self) -> dict[str, str]:
        return {
            **super().metadata,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
        }

    def redirection(self, query: dict[str, str]) -> str:
        """Return where the browser goes once the user has signed in."""
        self.authorization_requests.append(query)
        code = secrets.token_urlsafe()
        self._codes[code] = query
        outcome = {"error": self.error} if self.error else {"code": code, "iss": self.url}
        parameters = {**outcome, "state": query["state"], **self.changes}
        return f"{query['redirect_uri']}?{urlencode(parameters)}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Return the response to a token request."""
        self.token_requests.append(form)
        query = self._codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_valid = (
            query is not None
            and query["code_challenge_method"] == "S256"
            and query["code_challenge"] == challenge
            and query["redirect_uri"] == form.get("redirect_uri")
            and query["client_id"] == form.get("client_id") == CLIENT
            and form.get("grant_type") == "authorization_code"
        )
        if not is_valid:
            return 400, {"error": "invalid_grant", "error_description": "The code is not valid."}
        return 200, {
            "access_token": self.token(**self.claims_of_user),
            "id_token": self.token(nonce="n"),
            "token_type": "Bearer",
        }


LOGIN = """<!doctype html><title>Login</title><form action="/login" method="get">
<input type="hidden" name="query" value="{}"><button>Log in as Alice</button></form>"""


@contextmanager
def sign_in_issuer() -> Iterator[SignInIssuer]:
    """Run the issuer on a loopback port, which is another origin than the service's."""
    authority = SignInIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path == "/authorize":
                page = LOGIN.format(parts.query.replace("&", "&amp;"))
                self.respond(200, page.encode(), "text/html")
            elif parts.path == "/login":
                location = authority.redirection(dict(parse_qsl(query["query"])))
                self.respond(302, b"", "text/plain", Location=location)
            else:
                content = authority.documents().get(self.path)
                is_found = content is not None and authority.reachable
                self.respond(200 if is_found else 404, content or b"", "application/json")

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            status, content = authority.exchange(form)
            cross_origin = {"Access-Control-Allow-Origin": self.headers["Origin"]}
            self.respond(status, json.dumps(content).encode(), "application/json", **cross_origin)

        def respond(self, status, content, media_type, **headers) -> None:
            self.send_response(status)
            fields = {"Content-Type": media_type, "Content-Length": str(len(content)), **headers}
            for name, value in fields.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

    with loopback(Handler) as url:
        authority.url = url
        yield authority
