"""Run a command under systemd's filters: confined.py --filter=… [--filter=…] -- COMMAND.

systemd is not needed to run, only its list of system calls (``systemd-analyze syscall-filter``) and
libseccomp, which it depends on. The filters are made as systemd makes them from SystemCallFilter=
and MemoryDenyWriteExecute=.
https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
"""

import argparse
import ctypes
import errno
import mmap
import os
import re
import subprocess

ALLOW = 0x7FFF0000
REJECT = 0x00050000 | errno.EPERM
SCMP_CMP_MASKED_EQ = 7


class Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_rule_add_array.argtypes = (
    *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint),
    ctypes.POINTER(Comparison),
)
seccomp.seccomp_load.argtypes = (ctypes.c_void_p,)


def groups() -> dict[str, list[str]]:
    """The members of each of systemd's groups."""
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\x1b\[[0-9;]*m", "", listed).splitlines():
        words = line.split()
        if line.startswith("@"):
            members = found.setdefault(words[0], [])
        elif line.startswith("#") or not words:
            members = []
        elif not words[0].startswith("#"):
            members.append(words[0])
    return found


def names(words: list[str], known: dict[str, list[str]]) -> set[str]:
    found = set()
    for word in words:
        found |= names(known[word], known) if word.startswith("@") else {word}
    return found


def load(default: int, action: int, rules: list[tuple[str, tuple[Comparison, ...]]]) -> None:
    context = seccomp.seccomp_init(ctypes.c_uint32(default))
    for name, comparisons in rules:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        array = (Comparison * len(comparisons))(*comparisons)
        # Calls of other architectures have negative numbers.
        if number >= 0 and seccomp.seccomp_rule_add_array(
            context, action, number, len(comparisons), array
        ):
            raise OSError(name)
    if seccomp.seccomp_load(context):
        raise OSError("seccomp_load")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", action="append", default=[])
    parser.add_argument("--deny-write-execute", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    known = groups()
    allowed = names(["@default"], known)
    for text in options.filter:
        if text.startswith("~"):
            allowed -= names(text[1:].split(), known)
        else:
            allowed |= names(text.split(), known)
    if options.deny_write_execute:
        executable = Comparison(2, SCMP_CMP_MASKED_EQ, mmap.PROT_EXEC, mmap.PROT_EXEC)
        both = mmap.PROT_EXEC | mmap.PROT_WRITE
        writable_too = Comparison(2, SCMP_CMP_MASKED_EQ, both, both)
        rules = [("mmap", (writable_too,)), ("mprotect", (executable,))]
        load(ALLOW, REJECT, rules)
    load(REJECT, ALLOW, [(name, ()) for name in sorted(allowed)])
    os.execvp(options.command[0], options.command)  # noqa: S606 - that is its purpose


if __name__ == "__main__":
    main()
