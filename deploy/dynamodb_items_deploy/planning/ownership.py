"""Ownership of resources: a tag marks those that this tool made and may change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamodb_items_deploy.planning.findings import Blocker

OWNER_TAG = "dynamodb-items:table"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
MAX_TAGS = 50
MAX_TAG_KEY_LENGTH = 128
MAX_TAG_VALUE_LENGTH = 256


@dataclass(frozen=True)
class Ownership:
    """The tags of a deployment: its table's ARN marks every resource of it."""

    table_arn: str
    extra_tags: Mapping[str, str] = field(default_factory=dict)
    adopts: bool = False
    """Whether the deployment takes over resources that have no owner."""

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every resource of the deployment."""
        return {**self.extra_tags, OWNER_TAG: self.table_arn}

    def has(self, found: Mapping[str, str]) -> bool:
        """Return whether a resource with these tags belongs to the deployment."""
        return found.get(OWNER_TAG) == self.table_arn

    def accepts(self, found: Mapping[str, str]) -> bool:
        """Return whether the deployment may tag and use a resource with these tags."""
        return self.has(found) or (self.adopts and OWNER_TAG not in found)

    def missing_from(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return the tags that are absent or differ; additional tags are ignored."""
        return {name: value for name, value in self.tags.items() if found.get(name) != value}

    def blocker(self, what: str, found: Mapping[str, str]) -> Blocker:
        """Return why a resource with these tags is not changed."""
        owner = found.get(OWNER_TAG)
        if owner:
            return Blocker(
                f"The {what} belongs to the deployment of {owner}.",
                "Choose other names with --name-prefix, or destroy that deployment first.",
            )
        return Blocker(
            f"The {what} exists, and this tool did not make it: it has no tag {OWNER_TAG}.",
            "To take it over, use apply --adopt; to leave it alone, choose other names with "
            "--name-prefix.",
        )


def as_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of IAM's requests."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def from_tag_list(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return tags from the form of IAM's responses."""
    return {tag["Key"]: tag["Value"] for tag in tags}
