"""Product code in pieces that one can read whole: short functions, files and lists of modules."""

import ast
from collections import Counter

import pytest

from tests.engines import ROOT

MAX_FUNCTION_LINES = 40
MAX_FILE_LINES = 300
MAX_MODULES = 12
FILES = sorted(
    path for folder in ("service", "deploy", "openapi") for path in ROOT.glob(f"{folder}/**/*.py")
)


def functions(tree):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def code_lines(function):
    """Return the number of lines of a function without its docstring."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    return lines(function) - (lines(docstring) if docstring else 0)


def lines(node):
    return node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    text = path.read_text()
    long = [
        function.name
        for function in functions(ast.parse(text))
        if code_lines(function) > MAX_FUNCTION_LINES
    ]
    assert long == []
    assert len(text.splitlines()) <= MAX_FILE_LINES


def test_a_folder_has_few_modules():
    modules = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > MAX_MODULES} == {}
