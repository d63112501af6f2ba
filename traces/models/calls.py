"""System calls by what they do with bytes, and one call in progress.

The names are the kernel's; the C library's shorter ones (``pread``) are taken as well, because a
probe inside the process knows only those.
"""

from typing import Final, Literal, TypeAlias

from traces.event import FdRef, SyscallEnter

READS: Final = frozenset(("read", "readv", "pread64", "pread", "preadv", "preadv2"))
WRITES: Final = frozenset(("write", "writev", "pwrite64", "pwrite", "pwritev", "pwritev2"))
POSITIONED: Final = frozenset(
    ("pread64", "pread", "preadv", "preadv2", "pwrite64", "pwrite", "pwritev", "pwritev2")
)
"""Calls whose fourth argument is the offset in the file."""
RECEIVES: Final = frozenset(("recv", "recvfrom", "recvmsg"))
SENDS: Final = frozenset(("send", "sendto", "sendmsg"))
SENDFILES: Final = frozenset(("sendfile", "sendfile64"))
BUFFER_CALLS: Final = frozenset(("read", "pread64", "write", "pwrite64", "sendto", "recvfrom"))
"""Calls whose second argument is the address of the one buffer."""
DATA_CALLS: Final = READS | WRITES | RECEIVES | SENDS | SENDFILES | {"splice", "copy_file_range"}
"""Calls that return a number of bytes moved."""
SYNCS: Final = frozenset(("fsync", "fdatasync", "msync", "sync_file_range", "syncfs", "sync"))

Family: TypeAlias = Literal["file", "net", "wait", "memory", "sync", "other"]

_WORDS: Final[dict[Family, str]] = {
    "file": (
        "open openat close stat fstat lstat newfstatat statx lseek ftruncate truncate fallocate "
        "rename renameat renameat2 unlink unlinkat mkdir mkdirat getdents64 fadvise64 readahead "
        "access faccessat2 copy_file_range cachestat splice"
    ),
    "net": (
        "socket bind listen accept accept4 connect shutdown getsockname getpeername setsockopt "
        "getsockopt sendmmsg recvmmsg"
    ),
    "wait": (
        "epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 futex nanosleep "
        "clock_nanosleep wait4 waitid pause rt_sigtimedwait"
    ),
    "memory": "mmap munmap mremap mprotect madvise brk mlock munlock mincore",
}
_FAMILIES: Final[dict[str, Family]] = {
    **{name: kind for kind, names in _WORDS.items() for name in names.split()},
    **dict.fromkeys(READS | WRITES, "file"),
    **dict.fromkeys(SENDS | RECEIVES | SENDFILES, "net"),
    **dict.fromkeys(SYNCS, "sync"),
}


def family(name: str, fds: tuple[FdRef, ...] = ()) -> Family:
    """Say what a call is about; a read, write or close on a socket is ``net``."""
    kind = _FAMILIES.get(name, "other")
    if kind == "file" and any(ref.kind == "socket" for ref in fds):
        return "net"
    return kind


class Call:
    """One call in progress on one thread, and what was seen inside it so far."""

    __slots__ = (
        "added",
        "args",
        "asked",
        "cached",
        "entered",
        "fds",
        "file_fault",
        "first_got",
        "name",
        "reads",
        "socket_copied",
        "spliced",
        "write_copied",
    )

    def __init__(self, event: SyscallEnter) -> None:
        self.name = event.name
        self.entered = event.ts
        self.args = event.args
        self.fds = event.fds
        self.asked: tuple[int, int, int] | None = None  # inode, first and last page it may read
        self.reads = 0  # inode of the file that it reads
        self.added: list[tuple[int, int, int]] = []  # inode, first page, pages
        self.cached: tuple[int, int] | None = None  # cachestat's pages and how many were cached
        self.first_got: tuple[int, int] | None = None  # inode and page of the first look-up
        self.file_fault: int | None = None  # inode of a kernel-mode fault on a mapped file
        self.spliced = False
        self.socket_copied = 0
        self.write_copied = 0

    def copy(self) -> "Call":
        """Return a call that may go on without changing this one."""
        twin: Call = Call.__new__(Call)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.added = list(self.added)
        return twin

    def ref(self, argument: int, order: int) -> FdRef | None:
        """Return the descriptor in ``args[argument]``; without arguments the ``order``-th known."""
        if argument < len(self.args):
            number = self.args[argument]
            for ref in self.fds:
                if ref.fd == number:
                    return ref
        return self.fds[order] if order < len(self.fds) else None

    def source_and_target(self) -> tuple[FdRef | None, FdRef | None]:
        """Return where a sendfile, splice or copy_file_range reads and writes."""
        if self.name in SENDFILES:
            return self.ref(1, 1), self.ref(0, 0)
        return self.ref(0, 0), self.ref(2, 1)

    def source_file(self) -> FdRef | None:
        """Return the regular file that this call reads, if it reads one."""
        if self.name in READS:
            ref = self.ref(0, 0)
        elif self.name in SENDFILES or self.name in ("splice", "copy_file_range"):
            ref = self.source_and_target()[0]
        else:
            return None
        return ref if ref is not None and is_cached_file(ref) else None

    def offset(self, ref: FdRef) -> int | None:
        """Return where in the file ``ref`` the call started, if that is known."""
        if self.name in POSITIONED and len(self.args) > 3:
            return self.args[3]
        if ref.position is not None:
            return ref.position
        if self.first_got is not None and self.first_got[0] == ref.ino:
            return self.first_got[1] * 4096
        return None

    def wanted(self) -> int | None:
        """Return how many bytes the call asked for, if its arguments say so."""
        position = {"splice": 4, "copy_file_range": 4, "sendfile": 3, "sendfile64": 3}.get(
            self.name, 2
        )
        if self.name in ("readv", "preadv", "preadv2", "writev", "pwritev", "pwritev2"):
            return None  # the third argument counts buffers
        return self.args[position] if position < len(self.args) else None


def is_cached_file(ref: FdRef) -> bool:
    """Say whether reads of ``ref`` go through the page cache: regular, and not made up by proc."""
    return ref.kind == "file" and not (ref.name or "").startswith(("/proc/", "/sys/"))
