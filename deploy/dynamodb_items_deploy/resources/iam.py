"""The base of policy, role and instance profile: named and tagged resources of IAM."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from botocore.exceptions import ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import DENIED
from dynamodb_items_deploy.planning.findings import (
    Blocker,
    Call,
    Change,
    ErrorPattern,
    Finding,
    Landed,
    Sign,
    Wait,
)
from dynamodb_items_deploy.planning.ownership import MAX_TAGS, Ownership, as_tag_list, from_tag_list

# After a write it means that a new resource is not visible everywhere yet; after a removal, that
# the resource is already removed.
NO_SUCH_ENTITY = (ErrorPattern("NoSuchEntity"),)
# IAM still shows as attached what was just detached.
STILL_ATTACHED = (ErrorPattern("DeleteConflict"),)
EXISTS = (ErrorPattern("EntityAlreadyExists"),)


class Tagged(Protocol):
    """The actual state of a resource that has tags."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags by key."""


ObservedT = TypeVar("ObservedT", bound=Tagged)


@dataclass(frozen=True)
class Namesake:
    """A resource with the same name on another path, or with different case.

    IAM allows a name once in an account; path and case make no difference.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """

    name: str
    arn: str


@dataclass(frozen=True)
class IamResource(ABC, Generic[ObservedT]):
    """A resource of IAM with a name and a path."""

    kind: ClassVar[str]
    tagged_by: ClassVar[str]
    """The operation that adds tags."""
    listed_by: ClassVar[str]
    """The operation that lists all resources of the kind."""
    list_member: ClassVar[str]
    list_parameters: ClassVar[Mapping[str, str]] = {}
    name_member: ClassVar[str]

    name: str
    path: str
    ownership: Ownership

    @property
    def title(self) -> str:
        """The kind and name of the resource."""
        return f"{self.kind} {self.name}"

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str]:
        """The parameter that identifies the resource in IAM's operations."""

    @abstractmethod
    def _find(self, aws: Aws) -> ObservedT | None:
        """Return the resource with exactly this name, or None."""

    @abstractmethod
    def _converge(self, observed: ObservedT | None) -> Iterator[Finding]:
        """Yield the changes that create or correct the resource."""

    @abstractmethod
    def _destroy(self, observed: ObservedT) -> Iterator[Finding]:
        """Yield the changes that remove what this tool made."""

    def observe(self, aws: Aws) -> ObservedT | Namesake | None:
        """Return the actual state, or the resource that has taken the name, or None."""
        found = self._find(aws)
        return self._namesake(aws) if found is None else found

    def converge(self, observed: ObservedT | Namesake | None) -> Iterator[Finding]:
        """Yield the changes that create or correct the resource; a blocker if the name is taken."""
        if isinstance(observed, Namesake):
            yield Blocker(
                f"The {self.title} exists as {observed.arn}. IAM allows a name only once in an "
                "account and ignores path and case.",
                "Choose another --name-prefix; if only the path differs, you can set --path to it.",
            )
        elif observed is None or self.ownership.has(observed.tags):
            yield from self._converge(observed)
        elif not self.ownership.accepts(observed.tags):
            yield self.ownership.blocker(self.title, observed.tags)
        else:
            yield from map(self._adopted, self._converge(observed))

    def _adopted(self, finding: Finding) -> Finding:
        """Return the finding, or a blocker for a change of more than tags."""
        if not isinstance(finding, Change) or finding.sign == "+":
            return finding
        if finding.call.operation == self.tagged_by:
            return finding
        return Blocker(
            f"--adopt changes only tags, and this would change more: {finding.what}.",
            "Correct it by hand: `items-deploy render policy` and `items-deploy render "
            "trust-policy` write the documents. Or choose other names with --name-prefix.",
        )

    def destroy(self, observed: ObservedT | Namesake | None) -> Iterator[Finding]:
        """Yield the changes that remove what this tool made."""
        if observed is not None and not isinstance(observed, Namesake):
            yield from self._destroy(observed)

    def _namesake(self, aws: Aws) -> Namesake | None:
        try:
            entries = aws.all("iam", self.listed_by, self.list_member, **self.list_parameters)
        except ClientError as error:
            # Without the permission to list, the create operation reports a taken name.
            if error.response["Error"]["Code"] in DENIED:
                return None
            raise
        for entry in entries:
            name = entry[self.name_member]
            # The list is eventually consistent and may have a resource that the read did not find.
            is_this_one = (name, entry["Path"]) == (self.name, self.path)
            if name.lower() == self.name.lower() and not is_this_one:
                return Namesake(name, entry["Arn"])
        return None

    def _change(
        self,
        sign: Sign,
        what: str,
        operation: str,
        *,
        not_yet: tuple[ErrorPattern, ...] = (),
        already: tuple[ErrorPattern, ...] = (),
        landed: Landed | None = None,
        **parameters: Any,
    ) -> Change:
        """Return a change by one call; ``what`` is empty if it creates or removes the resource."""
        call = Call("iam", operation, {**self.identity, **parameters}, not_yet, already, landed)
        return Change(sign, f"{self.title}: {what}" if what else self.title, call)

    def _on_path(self, path: str) -> Blocker:
        return Blocker(
            f"The {self.title} is on the path {path}, and its path cannot change.",
            "Set --path to that path, or run destroy and apply.",
        )

    def _is_ours(self, operation: str, *members: str) -> Landed:
        """Return the read that shows whether an existing resource has the owner's tag."""

        def tagged(response: Mapping[str, Any]) -> bool:
            found: Any = response
            for member in (*members, "Tags"):
                found = found.get(member, {})
            return self.ownership.has(from_tag_list(found))

        call = Call("iam", operation, self.identity)
        return Landed(EXISTS, Wait(f"the {self.title} to be visible", call, tagged))

    def _converge_tags(self, found: Mapping[str, str]) -> Iterator[Finding]:
        missing = self.ownership.missing_from(found)
        if not missing:
            return
        count = sum(not name.lower().startswith("aws:") for name in {**found, **missing})
        if count > MAX_TAGS:
            yield Blocker(
                f"The {self.title} would have {count} tags, and IAM allows {MAX_TAGS}.",
                "Remove tags that others added, or use fewer --tag options.",
            )
            return
        what = f"tags {', '.join(missing)}"
        yield self._change("~", what, self.tagged_by, Tags=as_tag_list(missing))
