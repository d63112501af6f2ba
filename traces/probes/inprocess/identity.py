"""What a descriptor stands for, asked once: fstat(2), and the name from /proc where there is one.

These are system calls of the probe's own, made before the call they describe; a descriptor's
first use costs them, and every close or open through ``os`` makes the next use a first one.
Before each sequential read or write of a file, lseek(2) asks for its place.
"""

import os
import socket
import stat
from typing import Any, Final

from traces.probes.ring.layout import NOTE_FILE, NOTE_SOCKET
from traces.probes.ring.writer import RingWriter

KINDS: Final = ("other", "file", "socket", "pipe", "eventpoll", "char", "dir")
_TESTS: Final = (
    (stat.S_ISREG, "file"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISCHR, "char"),
    (stat.S_ISDIR, "dir"),
)
Identity = tuple[int, int, int]
UNKNOWN: Final[Identity] = (0, 0, 0)


class Identities:
    """Remembers (place in KINDS, dev, ino) by descriptor; leaves names as notes in the ring."""

    def __init__(self, ring: RingWriter) -> None:
        self._note = ring.note
        self._known: dict[int, Identity] = {}
        # The program's own swapped functions must not be called: they would record this.
        self._fstat, self._readlink, self._lseek = os.fstat, os.readlink, os.lseek

    def of(self, fd: int, sock: Any = None) -> Identity:
        """Return the identity of a descriptor; ``sock``: its socket object, if there is one."""
        known = self._known.get(fd)
        if known is None:
            known = self._known[fd] = self._ask(fd, sock)
        return known

    def place(self, fd: int) -> int:
        """Return where a sequential read or write of a file will work; -1 if that is unknown."""
        try:
            return self._lseek(fd, 0, os.SEEK_CUR)
        except OSError:
            return -1

    def forget(self, fd: int) -> None:
        """Ask again at the next use."""
        self._known.pop(fd, None)

    def _ask(self, fd: int, sock: Any) -> Identity:
        try:
            found = self._fstat(fd)
        except OSError:
            return UNKNOWN
        kind = next((name for test, name in _TESTS if test(found.st_mode)), "other")
        if kind == "socket":
            self._name_socket(found, sock)
        else:
            kind = self._name_file(fd, found, kind)
        return KINDS.index(kind), found.st_dev, found.st_ino

    def _name_file(self, fd: int, found: os.stat_result, kind: str) -> str:
        try:
            path = self._readlink(f"/proc/self/fd/{fd}")
        except OSError:
            return kind
        if path == "anon_inode:[eventpoll]":
            return "eventpoll"
        self._note(NOTE_FILE, found.st_dev, found.st_ino, path)
        return kind

    def _name_socket(self, found: os.stat_result, sock: Any) -> None:
        if not isinstance(sock, socket.socket):
            return
        try:
            name = f"tcp {_address(sock.getsockname())}"
            name += f"->{_address(sock.getpeername())}"
        except OSError:
            if sock.family == getattr(socket, "AF_UNIX", None):
                return
        self._note(NOTE_SOCKET, found.st_dev, found.st_ino, name)


def _address(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
    return str(address)
