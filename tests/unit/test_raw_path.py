"""The path that routes and access rules see."""

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.middleware.raw_path import RawPath


def path_of(target: str) -> str:
    environ = {"RAW_URI": target, "PATH_INFO": "", "SCRIPT_NAME": ""}
    RawPath(lambda _environ, _start: [], Settings())(environ, lambda *_: None)
    return environ["PATH_INFO"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/items/1/a%2Fb?fields=a", "/items/1/a%2Fb"),
        ("items:batchGet", "/items:batchGet"),
        ("*", "*"),
        ("http://host/items/1/a", "/items/1/a"),
        ("http://host", "/"),
        ("//items/1/a", "/%2Fitems/1/a"),
        ("/items/1/\u00e9", "/items/1/%E9"),
    ],
)
def test_the_path_of_a_target(target, path):
    assert path_of(target) == path
