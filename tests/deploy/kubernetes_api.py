"""A Kubernetes API server that stores objects, as far as kubectl creates and patches them.

Objects are checked with the schemas of the official OpenAPI documents, as a server does with
``fieldValidation=Strict``: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import http.server
import json
from contextlib import contextmanager
from urllib.parse import urlsplit

import kubernetes_validate

from tests.loopback import loopback

VERSION = "1.32"
# kind, plural, whether it is in a namespace
RESOURCES = {
    "v1": (
        ("Namespace", "namespaces", False),
        ("ServiceAccount", "serviceaccounts", True),
        ("ConfigMap", "configmaps", True),
        ("Secret", "secrets", True),
        ("Service", "services", True),
    ),
    "apps/v1": (("Deployment", "deployments", True),),
    "policy/v1": (("PodDisruptionBudget", "poddisruptionbudgets", True),),
    "autoscaling/v2": (("HorizontalPodAutoscaler", "horizontalpodautoscalers", True),),
}
ROOTS = {f"/{'api' if version == 'v1' else 'apis'}/{version}": version for version in RESOURCES}


class Invalid(Exception):
    """An object that the server rejects."""


class Objects:
    """The objects of a cluster, by their paths."""

    def __init__(self) -> None:
        self.stored: dict[str, dict] = {}

    def of_kind(self, kind: str) -> list[dict]:
        return [one for one in self.stored.values() if one["kind"] == kind]

    def create(self, collection: str, content: dict) -> dict:
        self._check(content)
        parts = collection.split("/")
        if "namespaces" in parts[:-1]:
            content["metadata"]["namespace"] = namespace = parts[parts.index("namespaces") + 1]
            if f"/api/v1/namespaces/{namespace}" not in self.stored:
                raise Invalid(f'namespaces "{namespace}" not found')
        self.stored[f"{collection}/{content['metadata']['name']}"] = content
        return content

    def patch(self, path: str, patch: dict) -> dict:
        patched = merged(self.stored[path], patch)
        self._check(patched)
        self.stored[path] = patched
        return patched

    @staticmethod
    def _check(content: dict) -> None:
        try:
            kubernetes_validate.validate(content, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise Invalid(error.message) from None


def merged(content, patch):
    """Return an object with the members of a patch, as far as `rollout restart` needs it."""
    if not isinstance(content, dict) or not isinstance(patch, dict):
        return patch
    return content | {name: merged(content.get(name), value) for name, value in patch.items()}


def discovered(path: str) -> dict | None:
    """Return the document at a path that describes the API, or None."""
    if path == "/version":
        major, minor = VERSION.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [version.split("/") for version in RESOURCES if "/" in version]
        named = [(name, {"groupVersion": f"{name}/{of}", "version": of}) for name, of in groups]
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {"name": name, "versions": [version], "preferredVersion": version}
                for name, version in named
            ],
        }
    if path == "/openapi/v3":
        documents = {root[1:]: {"serverRelativeURL": f"/openapi/v3{root}"} for root in ROOTS}
        return {"paths": documents}
    if path.startswith("/openapi/v3/"):
        return _openapi(path.removeprefix("/openapi/v3"))
    if path in ROOTS:
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": ROOTS[path],
            "resources": [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "namespaced": is_namespaced,
                    "kind": kind,
                    "verbs": ["create", "get", "patch"],
                }
                for kind, plural, is_namespaced in RESOURCES[ROOTS[path]]
            ],
        }
    return None


def _openapi(root: str) -> dict:
    """Return what tells kubectl that the server checks the members of objects itself."""
    group, _, version = ROOTS[root].rpartition("/")
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{VERSION}.0"},
        "paths": {
            f"{root}/namespaces/{{namespace}}/{plural}/{{name}}": {
                "patch": {
                    "parameters": [{"name": "fieldValidation", "in": "query"}],
                    "x-kubernetes-group-version-kind": {
                        "group": group,
                        "version": version,
                        "kind": kind,
                    },
                    "responses": {},
                }
            }
            for kind, plural, _ in RESOURCES[ROOTS[root]]
        },
    }


@contextmanager
def kubernetes():
    """Yield the server's address and its objects."""
    objects = Objects()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = urlsplit(self.path).path
            if path == "/openapi/v2":
                self._send(200, b"")  # the empty document in protobuf, for kubectl before 1.27
                return
            found = discovered(path) or objects.stored.get(path)
            if found is None:
                self._respond(404, _status(404, "NotFound", f"{path} not found"))
            else:
                self._respond(200, found)

        def do_POST(self):
            self._changed(201, objects.create)

        def do_PATCH(self):
            self._changed(200, objects.patch)

        def _changed(self, status, change):
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                self._respond(status, change(urlsplit(self.path).path, content))
            except Invalid as error:
                self._respond(422, _status(422, "Invalid", str(error)))

        def _respond(self, status, content):
            self._send(status, json.dumps(content).encode())

        def _send(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with loopback(Handler) as url:
        yield url, objects


def _status(code: int, reason: str, message: str) -> dict:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
