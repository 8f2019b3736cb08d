"""The list that an export reads, and its pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from dynamodb_items.config.values import MAX_PAGE_SIZE
from dynamodb_items.transfer.client.exact_json import as_line, parse
from dynamodb_items.transfer.client.service import PLAIN_JSON, TYPED_JSON, Service, described
from dynamodb_items.transfer.client.urls import path_of
from dynamodb_items.transfer.errors import ExitStatus, TransferStopped


@dataclass(frozen=True, slots=True)
class Page:
    """The items of one page as lines, and the cursor of the next page, or None."""

    lines: bytes
    items: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """One of the service's lists: all items, a partition, or a value of an index."""

    template: str
    """The path as the OpenAPI document has it."""
    target: str
    parameters: Mapping[str, str]
    segments: int = 1
    typed: bool = False

    def page(self, service: Service, segment: int, cursor: str | None) -> Page:
        """Return the page at a cursor, None for the first one.

        Raises:
            TransferStopped: the service is unavailable or does not accept the request.
            Interrupted: the transfer was stopped.
        """
        parameters = dict(self.parameters)
        if self.segments > 1:
            parameters |= {"segment": str(segment), "segments": str(self.segments)}
        if cursor is not None:
            parameters["cursor"] = cursor
        accept = TYPED_JSON if self.typed else PLAIN_JSON
        response = service.send(
            "GET", f"{self.target}?{urlencode(parameters)}", headers={"Accept": accept}
        )
        if response.status_code == HTTPStatus.OK:
            page = _parsed(response.content)
            if page is not None:
                return page
        advice = "Check --url."
        if response.status_code == HTTPStatus.BAD_REQUEST and cursor is not None:
            advice = "If it does not accept the cursor, add --restart to export from the beginning."
        raise TransferStopped(
            f"The service does not return the list. {advice} {described(response)}",
            ExitStatus.NOT_ACCEPTED,
        )


def source_of(
    partition: str | None,
    index: tuple[str, str] | None,
    *,
    parameters: Mapping[str, str],
    segments: int,
    typed: bool,
) -> Source:
    """Return the list of a partition, of an index's name and value, or of all items."""
    template, target = "/items", "/items"
    if partition is not None:
        template, target = "/items/{id}", path_of(["items", partition])
    elif index is not None:
        template, target = "/indexes/{index}/{value}", path_of(["indexes", *index])
    return Source(template, target, parameters, segments, typed)


def page_size(document: Mapping[str, Any], source: Source, wanted: int | None) -> int:
    """Return the number of items of a page that the service accepts.

    Raises:
        TransferStopped: the service does not have this list.
    """
    operation = document["paths"].get(source.template, {}).get("get", {})
    limits = [
        parameter["schema"]
        for parameter in operation.get("parameters", ())
        if parameter.get("name") == "limit"
    ]
    if not limits:
        raise TransferStopped(
            f"The service does not have the list GET {source.template}. Its operator switches "
            "lists on with Query or Scan in ITEMS_OPERATIONS.",
            ExitStatus.NOT_ACCEPTED,
        )
    return min(wanted or MAX_PAGE_SIZE, int(limits[0].get("maximum", MAX_PAGE_SIZE)))


def _parsed(content: bytes) -> Page | None:
    try:
        page = parse(content)
        lines = [as_line(member["item"]) for member in page["items"]]
        return Page(b"".join(lines), len(lines), page["next"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
