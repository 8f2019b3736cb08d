"""Whose is it? One tag, set when a thing is made, decides what may be changed and removed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamodb_items_deploy.planning.findings import Refusal

OWNER_TAG = "dynamodb-items:table"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
MAX_TAGS = 50
MAX_TAG_KEY_LENGTH = 128
MAX_TAG_VALUE_LENGTH = 256


@dataclass(frozen=True)
class Ownership:
    """A deployment is named for its table; everything that it makes carries the table's ARN."""

    table_arn: str
    extra_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """The tags that everything of ours carries."""
        return {**self.extra_tags, OWNER_TAG: self.table_arn}

    def has(self, found: Mapping[str, str]) -> bool:
        """Whether something with these tags is ours."""
        return found.get(OWNER_TAG) == self.table_arn

    def missing_from(self, found: Mapping[str, str]) -> dict[str, str]:
        """The tags that are absent or have another value; others' tags are no drift."""
        return {name: value for name, value in self.tags.items() if found.get(name) != value}

    def refusal(self, what: str, found: Mapping[str, str]) -> Refusal:
        """Why something with these tags isn't touched."""
        owner = found.get(OWNER_TAG)
        if owner:
            return Refusal(
                f"The {what} belongs to the deployment of {owner}.",
                "Choose other names with --name-prefix, or destroy that deployment first.",
            )
        return Refusal(
            f"The {what} exists and was not made by this tool: it has no tag {OWNER_TAG}.",
            "Choose other names with --name-prefix; or, to hand it over to this tool, give it "
            f"the tag {OWNER_TAG}={self.table_arn}.",
        )


def as_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as IAM takes them."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def from_tag_list(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Tags as IAM gives them."""
    return {tag["Key"]: tag["Value"] for tag in tags}
