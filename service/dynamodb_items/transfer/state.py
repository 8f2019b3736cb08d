"""The state of a transfer in a file, from which the next run continues after a kill."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dynamodb_items.transfer.errors import ExitStatus, TransferStopped, file_failed

_VERSION = 1


class StateFile:
    """What a transfer has completed, replaced as a whole; None as path keeps nothing.

    ``binding`` is what defines the transfer: a state file with another binding is rejected.
    """

    def __init__(self, path: Path | None, binding: Mapping[str, Any]) -> None:
        self.path = path
        self._binding = {"version": _VERSION, **binding}

    def load(self) -> dict[str, Any] | None:
        """Return the progress of an earlier run, or None.

        Raises:
            TransferStopped: the file cannot be read, or belongs to another transfer.
        """
        if self.path is None:
            return None
        try:
            state = json.loads(self.path.read_bytes())
            binding, progress = state["transfer"], state["progress"]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise file_failed("read", str(self.path), error) from error
        except (ValueError, TypeError, KeyError):
            raise TransferStopped(
                f"{self.path} is not a state file. Delete it, or choose another with --state.",
                ExitStatus.USAGE,
            ) from None
        different = [name for name in self._binding if binding.get(name) != self._binding[name]]
        if different:
            raise TransferStopped(
                f"{self.path} belongs to an unfinished transfer with a different "
                f"{', '.join(different)}. Repeat that command to resume it, or add --restart to "
                "start from the beginning.",
                ExitStatus.USAGE,
            )
        return dict(progress)

    def save(self, progress: Mapping[str, Any]) -> None:
        """Replace the state; after a crash the file is the old one or the new one.

        Raises:
            TransferStopped: the file cannot be written.
        """
        if self.path is None:
            return
        text = json.dumps({"transfer": self._binding, "progress": progress}, indent=1)
        new = self.path.with_name(self.path.name + ".new")
        try:
            with new.open("w") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            raise file_failed("write", str(self.path), error) from error

    def remove(self) -> None:
        """Delete the file: the next run starts from the beginning."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
