"""The tests' keys, which are the tutorial's, translated for tables with other key schemas.

The tests are written once, for the table of the tutorial: paths such as ``/items/7/x``, the
attributes ``Id`` and ``Name``, the members ``id`` and ``name``. A ``KeyTranslation`` rewrites
requests, responses and DynamoDB calls between these keys and those of another table, one to one:
equal keys stay equal, different keys stay different, and an invalid key stays invalid.

    keys = KEY_SCHEMAS["S"]
    keys.path("/items/7/x")                                        # /items/7%2Fx
    keys.to_table(b'{"Id": {"N": "7"}, "Name": {"S": "x"}}')       # {"Login": {"S": "7/x"}}
    keys.from_table(b'{"Login": {"S": "7/x"}}')                    # and back
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.numbers import canonical_number, parse_number

INVALID = ""
"""Invalid as a key of every type."""
MAX_NAME_BYTES = 1024
ITEM_PATH = re.compile(r"/items/([^/?]+)/([^/?]+)(?=$|\?)")
NAMES = re.compile(r"(?<![\w#:])(Id|Name)(?!\w)")
# A name alone, or the first name of a JSON Pointer.
WHOLE_NAMES = re.compile(r"(?:^|(?<=^/))(Id|Name)(?=/|$)")


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Object(dict):
    """A JSON object; ``repeated`` has the members whose names occur again."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__(members)
        self.repeated = members if len(members) != len(self) else None


def parsed(body: bytes) -> Any:
    return json.loads(
        body.decode(),
        object_pairs_hook=Object,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
    )


def dumped(value: Any) -> str:
    match value:
        case Number():
            return value
        case dict():
            members = getattr(value, "repeated", None) or value.items()
            text = ",".join(f"{json.dumps(name)}:{dumped(of)}" for name, of in members)
            return f"{{{text}}}"
        case list():
            return f"[{','.join(map(dumped, value))}]"
        case _:
            return json.dumps(value)


@dataclass(frozen=True)
class KeyForm:
    """The type of a key attribute, and its content as text from the tests' text and back."""

    name: str
    type: str
    content: Callable[[str], str] = str
    text: Callable[[str], str] = str

    def segment(self, text: str) -> str:
        content = self.content(text) if text else INVALID
        return content.translate(TO_URL).rstrip("=") if self.type == "B" else content

    def value(self, text: str | None, *, is_typed: bool) -> Any:
        if text is None:  # not a key of the tests: not one of the table
            return {"NULL": True} if is_typed else None
        content = self.content(text)
        if is_typed:
            return {self.type: content}
        return Number(content) if self.type == "N" else content

    def text_of(self, value: Any) -> str:
        return self.text(next(iter(value.values())) if isinstance(value, dict) else value)

    def text_in(self, segment: str) -> str:
        if self.type == "B":
            segment = segment.translate(FROM_URL) + "=" * (-len(segment) % 4)
        return self.text(segment)


TO_URL, FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")
_names: dict[str, str] = {}


def number_for(name: str) -> str:
    """Return a number of up to 37 digits; ``name_for`` returns the name again."""
    number = str(int.from_bytes(hashlib.sha256(name.encode()).digest()[:15]))
    _names[number] = name
    return number


def name_for(number: str) -> str:
    return _names[number]


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def from_base64(content: str) -> str:
    return base64.b64decode(content).decode()


@dataclass(frozen=True)
class KeyTranslation:
    """The keys of one table; without a sort key, one text joins the two keys of a test."""

    partition: KeyForm
    sort: KeyForm | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of a service for such a table."""
        sort = f"{self.sort.name}:{self.sort.type}" if self.sort else ""
        partition = f"{self.partition.name}:{self.partition.type}"
        return {"ITEMS_PARTITION_KEY": partition, "ITEMS_SORT_KEY": sort}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The same as arguments of ``Settings``."""
        settings = Settings.from_environment(self.environment)
        return {"partition_key": settings.partition_key, "sort_key": settings.sort_key}

    def path(self, path: str) -> str:
        """Return the path and query of an item of the tests in the table's keys."""
        return ITEM_PATH.sub(self._path, self._renamed(path) if "?" in path else path)

    def _path(self, found: re.Match[str]) -> str:
        segments = self._segments(*(unquote(text, errors="strict") for text in found.groups()))
        return "/".join(("/items", *(quote(segment, safe="") for segment in segments)))

    def path_in_tests(self, path: str) -> str:
        """Return the path of an item of the table in the tests' keys."""
        segments = map(unquote, path.removeprefix("/items/").split("/"))
        return "/".join(("/items", *(quote(text, safe="") for text in self._texts(*segments))))

    def _segments(self, id_: str, name: str) -> tuple[str, ...]:
        id_, name = id_text(id_), name_text(name)
        if self.sort is None:
            return (f"{id_}/{name}" if id_ and name else INVALID,)
        return self.partition.segment(id_), self.sort.segment(name)

    def _texts(self, *segments: str) -> list[str]:
        if self.sort is None:
            return segments[0].split("/", 1)
        forms = (self.partition, self.sort)
        return [form.text_in(segment) for form, segment in zip(forms, segments, strict=True)]

    def to_table(self, body: bytes, path: str = "/items/7/x") -> bytes:
        """Return a body, or a DynamoDB call, with the table's keys instead of the tests'.

        Where the table has no sort key, one key attribute alone is completed from the path. A
        body that is not JSON is returned unchanged.
        """
        try:
            value = parsed(body)
        except (ValueError, RecursionError):
            return body
        found = ITEM_PATH.match(path)
        url = [unquote(text) for text in found.groups()] if found else ["7", "x"]
        return dumped(self._to_table(value, url)).encode()

    def _to_table(self, value: Any, url: list[str], member: str = "") -> Any:
        if isinstance(value, list):
            return [self._to_table(each, url, member) for each in value]
        if isinstance(value, str) and not isinstance(value, Number):
            is_expression = member.endswith("Expression")
            return self._renamed(value, NAMES if is_expression else WHOLE_NAMES)
        if not isinstance(value, Object) or value.repeated:
            return value
        members = {name: self._to_table(of, url, name) for name, of in value.items()}
        if isinstance(members.get("id"), str):
            self._replace_members(members)
        if "Id" in value or "Name" in value:
            self._replace_attributes(members, value, url)
        return members

    def _replace_members(self, members: dict[str, Any]) -> None:
        id_, name = members["id"], members.get("name")
        if isinstance(id_, Number):  # invalid: a key is a string
            name = "x" if name is None else name
            segments = (id_, *self._segments("7", name)[1:])
        elif isinstance(name, str):
            segments = self._segments(id_, name)
        else:
            return
        members.pop("name", None)
        members |= zip(("id", "name"), segments, strict=False)

    def _replace_attributes(
        self, members: dict[str, Any], value: Mapping[str, Any], url: list[str]
    ) -> None:
        texts = [
            key_content(value[name], type_) if name in value else default
            for name, type_, default in zip(("Id", "Name"), ("N", "S"), url, strict=True)
        ]
        is_typed = any(isinstance(value.get(name), dict) for name in ("Id", "Name"))
        if self.sort is None:
            joined = None if None in texts else "/".join(texts)
            members.pop("Id", None)
            members.pop("Name", None)
            members[self.partition.name] = self.partition.value(joined, is_typed=is_typed)
            return
        for name, form, text in zip(
            ("Id", "Name"), (self.partition, self.sort), texts, strict=True
        ):
            if name in value:
                del members[name]
                members[form.name] = form.value(text, is_typed=is_typed)

    def from_table(self, body: bytes) -> bytes:
        """Return a body, or a response of DynamoDB, with the tests' keys."""
        try:
            value = parsed(body)
        except ValueError:
            return body
        names = re.compile(rf'(?<=[/"]){self.partition.name}(?=[/"])')
        text = names.sub("Id", dumped(self._from_table(value)))
        if self.sort:
            text = re.sub(rf'(?<=[/"]){self.sort.name}(?=[/"])', "Name", text)
        return text.encode()

    def _from_table(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._from_table(member) for member in value]
        if not isinstance(value, dict):
            return value
        members = {name: self._from_table(of) for name, of in value.items()}
        if isinstance(members.get("instance"), str) and members["instance"].startswith("/items/"):
            members["instance"] = self.path_in_tests(members["instance"])
        if isinstance(members.get("id"), str):
            segments = filter(None, (members["id"], members.get("name")))
            members |= zip(("id", "name"), self._texts(*segments), strict=True)
        if self.partition.name in members:
            id_, name = self._attributes(members)
            members |= {"Id": id_, "Name": name}
        return members

    def _attributes(self, members: dict[str, Any]) -> tuple[Any, Any]:
        partition = members.pop(self.partition.name)
        id_ = self.partition.text_of(partition)
        if self.sort is None:
            id_, _, name = id_.partition("/")
        else:
            name = self.sort.text_of(members.pop(self.sort.name))
        if isinstance(partition, dict):
            return {"N": id_}, {"S": name}
        return Number(id_), name

    def _renamed(self, text: str, pattern: re.Pattern[str] = NAMES) -> str:
        names = {"Id": self.partition.name, "Name": (self.sort or self.partition).name}
        return pattern.sub(lambda found: names[found[1]], text)


def id_text(text: str) -> str:
    try:
        return canonical_number(parse_number(text))
    except ValueError:
        return INVALID


def name_text(text: str) -> str:
    return text if len(text.encode()) <= MAX_NAME_BYTES else INVALID


def key_content(value: Any, type_: str) -> str | None:
    """Return the text of a key attribute of the tests, None if it has another type."""
    if isinstance(value, dict):
        return value.get(type_)
    if isinstance(value, Number):
        return id_text(value) if type_ == "N" else None
    return value if type_ == "S" else None


TUTORIAL = "N+S"
KEY_SCHEMAS: Mapping[str, KeyTranslation | None] = {
    TUTORIAL: None,
    "S": KeyTranslation(KeyForm("Login", "S")),
    "B+N": KeyTranslation(
        KeyForm("Digest", "B", base64_of, from_base64), KeyForm("Seq", "N", number_for, name_for)
    ),
    "S+S": KeyTranslation(KeyForm("Shop", "S"), KeyForm("Sku", "S")),
}
