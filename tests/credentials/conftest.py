"""AWS files for a test, and one look for credentials in an environment."""

import pytest
from dynamodb_items.credentials.lookup import CredentialsNotFound, find_credentials

from tests.conftest import environment

SECRET = "wJalrXUtnFEMI-SECRET"


@pytest.fixture
def files(tmp_path):
    """Write the AWS files; return the variables that lead to them."""

    def files(config=""):
        path = tmp_path / "config"
        path.write_text(config)
        (tmp_path / "credentials").write_text("")
        return {
            "AWS_CONFIG_FILE": str(path),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }

    return files


def failure(**variables):
    """The cause and the advice of one look for credentials in this environment."""
    with environment(**variables), pytest.raises(CredentialsNotFound) as raised:
        find_credentials()
    error = raised.value
    assert SECRET not in error.cause + error.advice
    return error.cause, error.advice
