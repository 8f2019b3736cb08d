"""The paths of ``fields``, and what they keep of an item."""

import time

import pytest
from dynamodb_items.web.codecs import parse_projection, project

ITEM = {
    "Id": {"N": "1"},
    "a": {"S": "x"},
    "m": {"M": {"x": {"S": "1"}, "y": {"L": [{"S": "2"}, {"S": "3"}]}}},
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"M": {"k": {"S": "v"}, "j": {"S": "w"}}}]},
    "ll": {"L": [{"L": [{"S": "p"}, {"S": "q"}]}, {"S": "r"}]},
    "a[0]": {"S": "an odd name"},
    "b[x]": {"S": "another"},
    "[0]": {"S": "and another"},
    "c\\": {"L": [{"S": "d"}]},
}


def kept(*paths: str):
    return {
        name: value
        for name, value in project(ITEM, parse_projection(list(paths), ("Id", "Name"))).items()
        if name != "Id"
    }


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["l[1]"], {"l": {"L": [{"S": "1"}]}}),
        (["l[2].k", "l[0]"], {"l": {"L": [{"S": "0"}, {"M": {"k": {"S": "v"}}}]}}),
        (["l[1]", "l"], {"l": ITEM["l"]}),
        (["l", "l[1]"], {"l": ITEM["l"]}),
        (["l[2]", "l[2].k"], {"l": {"L": [ITEM["l"]["L"][2]]}}),
        (["l[01]"], {"l": {"L": [{"S": "1"}]}}),
        (["ll[0][1]"], {"ll": {"L": [{"L": [{"S": "q"}]}]}}),
        (["m.y[1]"], {"m": {"M": {"y": {"L": [{"S": "3"}]}}}}),
        (["m.y[1]", "m.x"], {"m": {"M": {"y": {"L": [{"S": "3"}]}, "x": {"S": "1"}}}}),
        (["l[9]"], {}),
        (["l[999999999]"], {}),
        (["l[0].k"], {}),
        (["l.k"], {}),
        (["m[0]"], {}),
        (["m.absent"], {}),
        (["a[0]"], {}),
        (["a\\[0]"], {"a[0]": ITEM["a[0]"]}),
        (["a\\[0\\]"], {"a[0]": ITEM["a[0]"]}),
        ([".".join("m" * 33), "a"], {"a": ITEM["a"]}),
        (["b[x]"], {"b[x]": ITEM["b[x]"]}),
        (["[0]"], {"[0]": ITEM["[0]"]}),
        (["c\\\\[0]"], {"c\\": {"L": [{"S": "d"}]}}),
    ],
)
def test_a_projection_keeps_what_its_paths_select(paths, expected):
    assert kept(*paths) == expected


@pytest.mark.parametrize("path", ["", ".", "a.", "a..b", "a\\"])
def test_what_is_not_a_path_is_an_error(path):
    with pytest.raises(ValueError, match="attribute path"):
        parse_projection([path], ("Id", "Name"))


@pytest.mark.no_cover  # it measures time
@pytest.mark.parametrize("part", ["a.", "[1]", "a]", "\\[", "[", "]", "\\\\"])
def test_long_paths_take_little_time(part):
    """A batch takes 100 paths of 2,048 characters, and no request may hold a worker for 0.2 s."""
    paths = [f"{number}{part * (2000 // len(part))}x" for number in range(100)]
    began = time.process_time()
    parse_projection(paths, ("Id", "Name"))
    assert time.process_time() - began < 1
