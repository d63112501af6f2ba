"""Descriptors and files: from what the kernel read at the call to FdRef and FileSeen.

A file's name is asked of /proc when the file is first met; if the process has closed it by then,
the last part of its path, which the kernel put into the trace, has to do.
"""

import ipaddress
import socket
import struct
from dataclasses import dataclass
from typing import Final

from traces.event import FdRef, FileSeen
from traces.probes.bpf.proc_files import MappedFile, descriptor_name
from traces.probes.bpf.records import Record, device_number, signed

_KINDS: Final = {
    0o140000: "socket",
    0o100000: "file",
    0o040000: "dir",
    0o020000: "char",
    0o010000: "pipe",
}
_APPEND, _OFFSET = 1, 2
_WRITES: Final = frozenset({"write", "writev", "pwrite64", "pwritev", "pwritev2"})
_TRANSPORTS: Final = {1: "tcp", 2: "udp"}  # SOCK_STREAM, SOCK_DGRAM
_AF_UNIX, _AF_INET = 1, 2


@dataclass(slots=True)
class SeenDescriptor:
    """A FILE_DESCRIPTOR record and the FILE_NAME that may have followed it."""

    record: Record
    base_name: str | None = None
    addresses: bytes | None = None  # IPv6: local and remote, 16 bytes each


class FilesSeen:
    """Names of files by (dev, ino), each told once."""

    def __init__(self) -> None:
        """Know no file yet."""
        self._names: dict[tuple[int, int], str] = {}

    def reference(self, seen: SeenDescriptor, call: str) -> tuple[FdRef, FileSeen | None]:
        """Return the descriptor as ``call`` met it, and the file's name if it is new."""
        record = seen.record
        fd = signed(record.aux, 32)
        kind = _KINDS.get((record.a1 >> 32) & 0o170000, "other")
        if kind == "other" and call.startswith("epoll_"):
            kind = "eventpoll"
        dev, ino = device_number(record.a1 & 0xFFFFFFFF), record.a0
        name, told = self._name(seen, fd, kind, (dev, ino))
        reference = FdRef(fd, kind, dev, ino, name, _position(record, kind, call))
        if not told or name is None:
            return reference, None
        return reference, FileSeen(record.ts, record.pid, record.tid, dev, ino, name, kind)

    def mapped(self, ts: int, pid: int, found: MappedFile) -> FileSeen | None:
        """Return the name of a file known from a process's mappings, if it is new."""
        dev, ino = found.mapping.dev, found.mapping.ino
        if (dev, ino) in self._names:
            return None
        self._names[dev, ino] = found.path
        return FileSeen(ts, pid, pid, dev, ino, found.path)

    def _name(
        self, seen: SeenDescriptor, fd: int, kind: str, key: tuple[int, int]
    ) -> tuple[str | None, bool]:
        """Return the name, and whether it has not been told before."""
        known = self._names.get(key)
        if kind in {"other", "eventpoll"}:
            return None, False  # all anonymous inodes share one number
        if kind == "socket":
            name = _socket_name(seen) or known
        elif known is not None and seen.base_name is None:
            return known, False
        else:
            name = descriptor_name(seen.record.pid, fd, key[1]) or seen.base_name
        if name is None or name == known:
            return name, False
        self._names[key] = name
        return name, True


def _position(record: Record, kind: str, call: str) -> int | None:
    """Where in a file the call starts: its own offset, the end, or the file's position."""
    if kind != "file":
        return None
    bits = record.a1 >> 48
    if bits & _APPEND and call in _WRITES:
        return record.a3
    return signed(record.a4 if bits & _OFFSET else record.a2)


def _socket_name(seen: SeenDescriptor) -> str | None:
    """Return ``tcp LOCAL->REMOTE`` (or the local end of a socket that listens)."""
    ports = seen.record.a3
    family, kind = (ports >> 32) & 0xFFFF, ports >> 48
    if family == _AF_UNIX:
        return "unix"
    local, remote = ports & 0xFFFF, socket.ntohs((ports >> 16) & 0xFFFF)
    transport = _TRANSPORTS.get(kind)
    addresses = seen.addresses
    if family == _AF_INET:
        addresses = struct.pack("=Q", seen.record.a2)
    if addresses is None or transport is None or not local:
        return None
    half = len(addresses) // 2
    here = f"{transport} {_end(addresses[:half], local)}"
    return f"{here}->{_end(addresses[half:], remote)}" if remote else here


def _end(raw: bytes, port: int) -> str:
    """Write an address and a port; an IPv4 address inside an IPv6 one is shown as itself."""
    address = ipaddress.ip_address(raw)
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return f"[{address}]:{port}" if mapped is None else f"{mapped}:{port}"
    return f"{address}:{port}"
