"""Read schemas from standard input, one a line, and write the errors of each, one line each."""

import json
import sys

from dynamodb_items.config.settings import Settings
from dynamodb_items.item_schema.reading import SchemaErrors, item_schema

KEYS = Settings().key_schema
ITEMS = ({}, {"a": 1}, {"a": {"a": 1}}, {"a": [{"a": [1]}]})

for line in sys.stdin:
    found = ()
    try:
        schema = item_schema(json.loads(line))
    except SchemaErrors as errors:
        found = errors.args
    else:
        schema.contradictions(KEYS, ("version",))
        for item in ITEMS:
            schema.violations(item)
    sys.stdout.write(f"{json.dumps(found)}\n")
    sys.stdout.flush()
