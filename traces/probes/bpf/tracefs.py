"""Tracefs: which tracepoints this kernel has and what fields they carry.

Presence of a tracepoint is asked here, file by file, never guessed from a kernel version.
"""

import ctypes
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

# bcc looks at these two places, in this order.
MOUNT_POINTS: Final = (Path("/sys/kernel/debug/tracing"), Path("/sys/kernel/tracing"))
MOUNT_COMMAND: Final = "mount -t tracefs nodev /sys/kernel/tracing"

_CLONE_NEWNS: Final = 0x00020000
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x40000
_FIELD: Final = re.compile(r"^\s*field:.*?(\w+)(?:\[\d*\])?;", re.MULTILINE)


class Tracefs:
    """A mounted tracefs."""

    def __init__(self, root: Path) -> None:
        """Use the tracefs at ``root``."""
        self._root = root

    @classmethod
    def find(cls) -> "Tracefs | None":
        """Return the mounted tracefs that this user can read, if there is one."""
        for root in MOUNT_POINTS:
            if os.access(root / "events", os.R_OK | os.X_OK):
                return cls(root)
        return None

    def fields(self, tracepoint: str) -> frozenset[str]:
        """Names of the fields of ``category/event``; empty if there is no such tracepoint."""
        try:
            text = (self._root / "events" / tracepoint / "format").read_text()
        except OSError:
            return frozenset()
        return frozenset(_FIELD.findall(text))


def mount_privately() -> None:
    """Mount tracefs for this process and its children only (mount_namespaces(7)).

    The mount vanishes with the process and nobody else sees it. Raises OSError if the right to
    mount (CAP_SYS_ADMIN) is missing.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    steps: tuple[Callable[[], int], ...] = (
        lambda: int(libc.unshare(_CLONE_NEWNS)),
        lambda: int(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)),
        lambda: int(libc.mount(b"nodev", bytes(MOUNT_POINTS[-1]), b"tracefs", 0, None)),
    )
    for step in steps:
        if step() != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
