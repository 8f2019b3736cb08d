"""A table that responds to Query and Scan as DynamoDB does, for tests of lists."""

import re
from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.domain.sort_ranges import sort_position


class ListEngine:
    """Items in memory. A call stops after ``stops_after`` items, as DynamoDB does after 1 MB."""

    def __init__(
        self,
        table: KeySchema,
        items: list[Mapping[str, Any]],
        *,
        indexes: Mapping[str, KeySchema] | None = None,
        stops_after: int = 1000,
    ) -> None:
        self.table = table
        self.items = items
        self.indexes = indexes or {}
        self.stops_after = stops_after
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, operation, parameters, _deadline):
        self.calls.append((str(operation), parameters))
        keys = self.indexes.get(parameters.get("IndexName"), self.table)
        assert ("KeyConditionExpression" in parameters) == (str(operation) == "Query")
        found = [
            item
            for item in sorted(self.items, key=lambda item: self.order(keys, item))
            if all(name in item for name in keys.names) and self._matches(parameters, item)
        ]
        if parameters.get("ScanIndexForward") is False:
            found.reverse()
        start = parameters.get("ExclusiveStartKey")
        if start is not None:
            after = self.order(keys, start)
            is_after = (
                (lambda item: self.order(keys, item) < after)
                if parameters.get("ScanIndexForward") is False
                else (lambda item: self.order(keys, item) > after)
            )
            found = [item for item in found if is_after(item)]
        most = min(parameters["Limit"], self.stops_after)
        read = found[:most]
        content: dict[str, Any] = {"ScannedCount": len(read)}
        content["Items"] = [item for item in read if self._passes(parameters, item)]
        # Like DynamoDB: after a page that is exactly full there is a last key, whatever follows.
        if len(read) == most:
            content["LastEvaluatedKey"] = {
                name: read[-1][name] for name in {*keys.names, *self.table.names}
            }
        return content

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("credentials are valid")

    def order(self, keys, item):
        names = dict.fromkeys((*keys.names[1:], *self.table.names))
        return [(len(item[name]), sort_position(item[name])) for name in names]

    def _matches(self, parameters, item) -> bool:
        text = parameters.get("KeyConditionExpression")
        if text is None:
            return True
        names = parameters["ExpressionAttributeNames"]
        values = parameters["ExpressionAttributeValues"]
        first, *_ = text.split(" AND ", 1)
        rest = text[len(first) + 5 :]
        name, value = first.split("=")
        if item[names[name]] != values[value]:
            return False
        return not rest or self._sort_matches(rest, names, values, item)

    def _sort_matches(self, text, names, values, item) -> bool:
        if match := re.fullmatch(r"begins_with\((#\d+),(:\d+)\)", text):
            name, value = match.groups()
            return sort_position(item[names[name]]).startswith(sort_position(values[value]))
        if match := re.fullmatch(r"(#\d+) BETWEEN (:\d+) AND (:\d+)", text):
            name, low, high = match.groups()
            ends = sort_position(values[low]), sort_position(values[high])
            assert ends[0] <= ends[1], "DynamoDB rejects reversed ends"
            return ends[0] <= sort_position(item[names[name]]) <= ends[1]
        name, operator, value = re.fullmatch(r"(#\d+)([<>]=?)(:\d+)", text).groups()
        one, other = sort_position(item[names[name]]), sort_position(values[value])
        return {
            "<": one < other,
            "<=": one <= other,
            ">": one > other,
            ">=": one >= other,
        }[operator]

    def _passes(self, parameters, item) -> bool:
        """Apply the only filter that the tests use: an attribute exists."""
        text = parameters.get("FilterExpression")
        if text is None:
            return True
        name = re.fullmatch(r"attribute_exists\((#\d+)\)", text)[1]
        return parameters["ExpressionAttributeNames"][name] in item
