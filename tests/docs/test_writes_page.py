"""docs/writes.md: its examples work as pasted, and its numbers are the code's."""

import re

import pytest
from dynamodb_items.domain import errors, write_tokens
from dynamodb_items.expressions import parts
from dynamodb_items.formats import json_patch
from dynamodb_items.storage import write_plan
from dynamodb_items.web.request import body_schemas

from tests.docs.test_readme import ROOT, paste

PAGE = (ROOT / "docs/writes.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TABLE = {"TableName": "my-dynamodb-table"}


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_works_as_pasted(server, dynamodb, block):
    dynamodb.put_item(**TABLE, Item={"Id": {"N": "104"}, "Name": {"S": "Andrew"}})
    dynamodb.delete_item(**TABLE, Key={"Id": {"N": "106"}, "Name": {"S": "Mina"}})
    assert paste(block, server)


@pytest.mark.parametrize(
    "sentence",
    [
        f"more than {write_plan.MANY_CHANGES} attributes",
        f"at most {write_tokens.LOG_LENGTH} tokens, and up to {write_tokens.LOG_SLACK} more",
        f"takes up to {json_patch.MAX_OPERATIONS:,} operations",
        f"up to {body_schemas.MAX_BATCH_OPERATIONS} operations",
        f"A condition takes {parts.MAX_OPERATORS} operators and "
        f"{parts.MAX_EXPRESSION_BYTES // 1024} KB",
        f"found at the same time, up to {errors.MAX_ERRORS}:",
    ],
)
def test_a_number_is_the_one_in_the_code(sentence):
    assert sentence in " ".join(PAGE.split())


def test_there_are_examples():
    assert len(BLOCKS) == 3
