"""What policy, role and instance profile have in common: IAM keeps them by name, with our tag."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from deploy.findings import Call, Change, ErrorPattern, Sign
from deploy.ownership import Ownership, as_tag_list

# IAM tells these apart only by where they come: of a write on something just made, that it isn't
# visible everywhere yet; of a removal, that it is gone already.
NO_SUCH_ENTITY = (ErrorPattern("NoSuchEntity"),)
# Something just taken from what is to be removed still seems to hang on it.
STILL_HANGS = (ErrorPattern("DeleteConflict"),)


@dataclass(frozen=True)
class IamResource(ABC):
    """Something that IAM keeps by its name, on a path."""

    kind: ClassVar[str]
    tagged_by: ClassVar[str]
    """The operation that tags it."""

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

    def _change(
        self,
        sign: Sign,
        what: str,
        operation: str,
        *,
        not_yet: tuple[ErrorPattern, ...] = (),
        already: tuple[ErrorPattern, ...] = (),
        **parameters: Any,
    ) -> Change:
        """A change of it by one call; ``what`` is empty where the whole thing comes or goes."""
        call = Call("iam", operation, {**self.identity, **parameters}, not_yet, already)
        return Change(sign, f"{self.title}: {what}" if what else self.title, call)

    def _mend_tags(self, found: Mapping[str, str]) -> Iterator[Change]:
        if missing := self.ownership.missing_from(found):
            what = f"tags {', '.join(missing)}"
            yield self._change("~", what, self.tagged_by, Tags=as_tag_list(missing))
