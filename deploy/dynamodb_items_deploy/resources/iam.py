"""What policy, role and instance profile have in common: IAM keeps them by name, with our tag."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from botocore.exceptions import ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import DENIED
from dynamodb_items_deploy.planning.findings import (
    Call,
    Change,
    ErrorPattern,
    Finding,
    Landed,
    Refusal,
    Sign,
    Wait,
)
from dynamodb_items_deploy.planning.ownership import MAX_TAGS, Ownership, as_tag_list, from_tag_list

# IAM tells these apart only by the call: of a write on something just made, that it is not
# visible everywhere yet; of a removal, that it is gone already.
NO_SUCH_ENTITY = (ErrorPattern("NoSuchEntity"),)
# Something just detached from what is to be removed still seems to be attached.
STILL_ATTACHED = (ErrorPattern("DeleteConflict"),)
EXISTS = (ErrorPattern("EntityAlreadyExists"),)

ObservedT = TypeVar("ObservedT")


@dataclass(frozen=True)
class Namesake:
    """A resource that takes our name: on another path, or spelled in another case.

    IAM allows a name once in an account, whatever its path and case.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """

    name: str
    arn: str


@dataclass(frozen=True)
class IamResource(ABC, Generic[ObservedT]):
    """Something that IAM keeps by its name, on a path."""

    kind: ClassVar[str]
    tagged_by: ClassVar[str]
    """The operation that tags it."""
    listed_by: ClassVar[str]
    """The operation that lists all of its kind, and the members of its response."""
    list_member: ClassVar[str]
    list_parameters: ClassVar[Mapping[str, str]] = {}
    name_member: ClassVar[str]

    name: str
    path: str
    ownership: Ownership

    @property
    def title(self) -> str:
        """What it is and its name."""
        return f"{self.kind} {self.name}"

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str]:
        """The parameter by which IAM's operations know it."""

    @abstractmethod
    def _find(self, aws: Aws) -> ObservedT | None:
        """Return what IAM keeps by exactly this name, None for nothing."""

    @abstractmethod
    def _converge(self, observed: ObservedT | None) -> Iterator[Finding]:
        """What to do so that it is as it should be."""

    @abstractmethod
    def _destroy(self, observed: ObservedT) -> Iterator[Finding]:
        """What to do so that nothing of ours is left."""

    def observe(self, aws: Aws) -> ObservedT | Namesake | None:
        """Return the resource, or what takes its name, or None; reads only."""
        found = self._find(aws)
        return self._namesake(aws) if found is None else found

    def converge(self, observed: ObservedT | Namesake | None) -> Iterator[Finding]:
        """What to do so that it is as it should be; nothing where its name is taken."""
        if isinstance(observed, Namesake):
            yield Refusal(
                f"The {self.title} exists as {observed.arn}, and IAM allows a name only once, on "
                "one path and in one spelling: it does not tell upper and lower case apart.",
                "Choose another --name-prefix; where only the path differs, you can give that "
                "--path.",
            )
        else:
            yield from self._converge(observed)

    def destroy(self, observed: ObservedT | Namesake | None) -> Iterator[Finding]:
        """What to do so that nothing of ours is left."""
        if observed is not None and not isinstance(observed, Namesake):
            yield from self._destroy(observed)

    def _namesake(self, aws: Aws) -> Namesake | None:
        try:
            entries = aws.all("iam", self.listed_by, self.list_member, **self.list_parameters)
        except ClientError as error:
            # Without the permission to list, CreateRole and so on report the taken name.
            if error.response["Error"]["Code"] in DENIED:
                return None
            raise
        for entry in entries:
            name = entry[self.name_member]
            # The list may show what was just made or removed before or after the read by name does.
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
        """A change of it by one call; ``what`` is empty where the whole thing comes or goes."""
        call = Call("iam", operation, {**self.identity, **parameters}, not_yet, already, landed)
        return Change(sign, f"{self.title}: {what}" if what else self.title, call)

    def _is_ours(self, operation: str, *members: str) -> Landed:
        """Whether what a create call found existing carries our tag, by one read."""

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
            yield Refusal(
                f"The {self.title} would have {count} tags, and IAM allows {MAX_TAGS}.",
                "Remove tags that others set on it, or give fewer --tag.",
            )
            return
        what = f"tags {', '.join(missing)}"
        yield self._change("~", what, self.tagged_by, Tags=as_tag_list(missing))
