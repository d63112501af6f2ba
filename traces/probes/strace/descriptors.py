"""What strace prints about a descriptor, as an FdRef."""

import os
import re
import stat
from collections.abc import Callable
from typing import Final

from traces.event import FdRef
from traces.probes.strace.arguments import Descriptor

Identify = Callable[[str], os.stat_result | None]
"""Looks a path up, or answers None."""

_BRACKETED = re.compile(r"([\w-]+):\[(.*)\]$")
_DEVICE = re.compile(r"(.*)<(?:char|block) \d+:\d+>$")
_SOCKETS: Final = ("TCP", "UDP", "UNIX", "NETLINK", "RAW", "PACKET", "SCTP", "socket")
_KINDS: Final = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "dir"),
    (stat.S_ISCHR, "char"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
)


def stat_path(path: str) -> os.stat_result | None:
    """Look a path up on this machine; None if that is not possible."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


class Descriptors:
    """Turns printed descriptors into FdRefs; asks ``identify`` once a path."""

    def __init__(self, identify: Identify = stat_path) -> None:
        self._identify = identify
        self._known: dict[str, FdRef] = {}

    def reference(self, printed: Descriptor) -> FdRef:
        """Return what the descriptor stands for; its position is not printed, so None."""
        known = self._known.get(printed.text)
        if known is None or (known.ino == 0 and printed.text.startswith("/")):
            known = self._known[printed.text] = self._read(printed)
        return FdRef(printed.fd, known.kind, known.dev, known.ino, known.name)

    def opened(self, text: str) -> FdRef:
        """Return the same for a descriptor just opened: its path may name a new file."""
        if text.startswith("/"):
            self._known.pop(text, None)
        return self.reference(Descriptor(-1, text))

    def _read(self, printed: Descriptor) -> FdRef:
        text = printed.text
        if text.startswith("/"):
            return self._path(text, deleted=printed.deleted)
        bracketed = _BRACKETED.match(text)
        if bracketed is None:
            return FdRef(-1, "other", name=text.strip("{}").partition("=")[0] or None)
        family, inside = bracketed[1], bracketed[2]
        ino = int(inside) if inside.isdigit() else 0
        if family == "pipe":
            return FdRef(-1, "pipe", ino=ino, name=text)
        if family == "anon_inode":
            return FdRef(-1, "eventpoll" if inside == "eventpoll" else "other", name=inside)
        if family.startswith(_SOCKETS):
            protocol = family.removesuffix("v6").partition("-")[0].lower()
            return FdRef(-1, "socket", ino=ino, name=text if ino else f"{protocol} {inside}")
        return FdRef(-1, "other", ino=ino, name=text)

    def _path(self, text: str, *, deleted: bool) -> FdRef:
        device = _DEVICE.match(text)
        path = device[1] if device else text
        # After an unlink the name may belong to another file by now.
        found = None if deleted else self._identify(path)
        if found is None:
            return FdRef(-1, "char" if device else "file", name=path)
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "other")
        return FdRef(-1, kind, found.st_dev, found.st_ino, path)
