"""What a Python call asks of the kernel: its arguments as the kernel's registers hold them.

One function a wrapped call, with the call's own signature; a buffer's address is given as 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

AT_FDCWD: Final = -100


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Described:
    """``values``: up to six registers; ``fds``: descriptors with the position they work at.

    ``reads``: (descriptor, offset, size) if pages of a file are about to be read, else None.
    ``returns``: what the kernel returns on success, where Python's result does not tell.
    """

    values: tuple[int, ...]
    fds: tuple[tuple[int, int], ...] = ()
    reads: tuple[int, int, int] | None = None
    returns: int | None = None


Describe = Callable[..., Described]
NOWHERE: Final = -1


def _size(buffer: Any) -> int:
    return memoryview(buffer).nbytes


def _fd(target: int | _HasFileno) -> int:
    return target if isinstance(target, int) else target.fileno()


def _read(fd: int, count: int) -> Described:
    return Described((fd, 0, count), ((fd, NOWHERE),))


def _write(fd: int, data: Any) -> Described:
    return Described((fd, 0, _size(data)), ((fd, NOWHERE),))


def _pread(fd: int, count: int, offset: int) -> Described:
    return Described((fd, 0, count, offset), ((fd, offset),), (fd, offset, count))


def _pwrite(fd: int, data: Any, offset: int) -> Described:
    return Described((fd, 0, _size(data), offset), ((fd, offset),))


def _preadv(fd: int, buffers: Sequence[Any], offset: int, flags: int = 0) -> Described:
    size = sum(map(_size, buffers))
    values = (fd, 0, len(buffers), offset, 0, flags)
    return Described(values, ((fd, offset),), (fd, offset, size))


def _pwritev(fd: int, buffers: Sequence[Any], offset: int, flags: int = 0) -> Described:
    return Described((fd, 0, len(buffers), offset, 0, flags), ((fd, offset),))


def _sendfile(out_fd: Any, in_fd: Any, offset: int | None, count: int, **_: Any) -> Described:
    target, source = _fd(out_fd), _fd(in_fd)
    place = NOWHERE if offset is None else offset
    reads = None if offset is None else (source, offset, count)
    return Described((target, source, 0, count), ((target, NOWHERE), (source, place)), reads)


def _splice(
    src: int,
    dst: int,
    count: int,
    offset_src: int | None = None,
    offset_dst: int | None = None,
    **_: Any,
) -> Described:
    start = NOWHERE if offset_src is None else offset_src
    target = NOWHERE if offset_dst is None else offset_dst
    reads = None if offset_src is None else (src, offset_src, count)
    return Described((src, 0, dst, 0, count, 0), ((src, start), (dst, target)), reads)


def _only_fd(fd: int | _HasFileno) -> Described:
    return Described((_fd(fd),), ((_fd(fd), NOWHERE),))


def _ftruncate(fd: int, length: int) -> Described:
    return Described((fd, length), ((fd, NOWHERE),))


def _advise(fd: int, offset: int, length: int, advice: int) -> Described:
    return Described((fd, offset, length, advice), ((fd, offset),))


def _allocate(fd: int, offset: int, length: int) -> Described:
    return Described((fd, 0, offset, length), ((fd, offset),))


def _lseek(fd: int, position: int, whence: int) -> Described:
    return Described((fd, position, whence), ((fd, NOWHERE),))


def _open(_path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> Described:
    return Described((AT_FDCWD if dir_fd is None else dir_fd, 0, flags, mode))


def _eventfd(fd: int, *_: int) -> Described:
    return Described((fd, 0, 8), ((fd, NOWHERE),), returns=8)


def _recv(sock: _HasFileno, size: int, flags: int = 0) -> Described:
    return Described((sock.fileno(), 0, size, flags), ((sock.fileno(), NOWHERE),))


def _recv_into(sock: _HasFileno, buffer: Any, nbytes: int = 0, flags: int = 0) -> Described:
    return _recv(sock, nbytes or _size(buffer), flags)


def _send(sock: _HasFileno, data: Any, flags: int = 0) -> Described:
    return _recv(sock, _size(data), flags)


def _sendmsg(
    sock: _HasFileno, _buffers: Sequence[Any], _more: Any = (), flags: int = 0, *_: Any
) -> Described:
    return Described((sock.fileno(), 0, flags), ((sock.fileno(), NOWHERE),))


def _accept(sock: _HasFileno) -> Described:
    return Described((sock.fileno(), 0, 0, 0), ((sock.fileno(), NOWHERE),))


OS_CALLS: Final[Mapping[str, tuple[str, Describe]]] = MappingProxyType(
    {
        "read": ("read", _read),
        "write": ("write", _write),
        "pread": ("pread64", _pread),
        "pwrite": ("pwrite64", _pwrite),
        "preadv": ("preadv2", _preadv),
        "pwritev": ("pwritev2", _pwritev),
        "sendfile": ("sendfile", _sendfile),
        "splice": ("splice", _splice),
        "fsync": ("fsync", _only_fd),
        "fdatasync": ("fdatasync", _only_fd),
        "ftruncate": ("ftruncate", _ftruncate),
        "posix_fadvise": ("fadvise64", _advise),
        "posix_fallocate": ("fallocate", _allocate),
        "lseek": ("lseek", _lseek),
        "open": ("openat", _open),
        "close": ("close", _only_fd),
        "eventfd_read": ("read", _eventfd),
        "eventfd_write": ("write", _eventfd),
    }
)
"""Attribute of ``os`` -> the system call behind it (glibc on Linux) and its description."""

SOCKET_CALLS: Final[Mapping[str, tuple[str, Describe]]] = MappingProxyType(
    {
        "recv": ("recvfrom", _recv),
        "recv_into": ("recvfrom", _recv_into),
        "send": ("sendto", _send),
        "sendall": ("sendto", _send),
        "sendmsg": ("sendmsg", _sendmsg),
        "accept": ("accept4", _accept),
    }
)
"""Method of ``socket.socket`` -> the same."""

NAMES: Final = tuple(
    dict.fromkeys(
        [name for name, _ in (*OS_CALLS.values(), *SOCKET_CALLS.values())]
        + ["mmap", "msync", "epoll_wait"]
    )
)
"""The table that a record's ``name`` is a place in; both sides of the ring use it."""
