"""Look up AWS credentials and the region, in the same way for the service and for its doctor.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import os

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from dynamodb_items.credentials.causes import explain

DEFAULT_REGION = "us-east-2"
# For the clients that botocore creates: with its defaults they fail only after five minutes.
_CLIENT_CONFIG = Config(
    connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"}
)


class CredentialsNotFound(Exception):
    """No valid credentials: ``cause`` is the reason, ``advice`` what to do next."""

    def __init__(self, cause: str, advice: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.advice = advice


def new_session(region: str | None = None) -> botocore.session.Session:
    """Return a botocore session in the region, by default the configured one.

    The clients that botocore creates, for example to assume a role, use that region too and fail
    within 20 seconds.

    Raises:
        botocore.exceptions.BotoCoreError: the profile or a configuration file is invalid.
    """
    session = botocore.session.Session()
    # botocore reads AWS_DEFAULT_REGION and profiles, but not the AWS_REGION of other SDKs.
    region = region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
    session.set_config_variable("region", region or DEFAULT_REGION)
    session.set_default_client_config(_CLIENT_CONFIG)
    return session


def find_credentials(region: str | None = None) -> Credentials:
    """Return the first credentials in botocore's chain, fetched.

    A source that calls STS does so in ``region``, by default the configured one.

    Raises:
        CredentialsNotFound: the chain has none, or their source fails.
    """
    try:
        return _first_in_chain(region)
    except Exception as error:
        raise CredentialsNotFound(*explain(error)) from error


def _first_in_chain(region: str | None) -> Credentials:
    found: Credentials | None = new_session(region).get_credentials()
    if found is None:
        raise NoCredentialsError
    found.get_frozen_credentials()  # only now does a profile that assumes a role call STS
    return found
