"""botocore's signature of a request at a given moment."""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


def sign_at(request: AWSRequest, auth: SigV4Auth, timestamp: str) -> None:
    """Sign like ``auth.add_auth(request)``, at the given time."""
    request.context["timestamp"] = timestamp
    auth._modify_request_before_signing(request)  # noqa: SLF001
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(to_sign, request))  # noqa: SLF001
