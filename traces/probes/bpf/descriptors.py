"""Which arguments of a system call are file descriptors, and where its file offset stands.

From the calls' man pages. The BPF program gets the table packed into a number a call: four bytes,
first descriptor, its offset, second descriptor, its offset; 0 is none, n is argument n - 1, and
0x80 + n is an argument that points to the offset in user space.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from traces.probes.bpf.syscall_names import SyscallNames

_POINTER: Final = 0x80


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Argument ``fd`` is a descriptor; ``offset`` is where the call says the place in the file.

    Arguments count from 0. ``pointer``: the argument is the address of the offset.
    """

    fd: int
    offset: int | None = None
    pointer: bool = False

    def packed(self) -> int:
        """Two bytes: descriptor, offset."""
        offset = 0 if self.offset is None else self.offset + 1
        return (self.fd + 1) | ((offset | (_POINTER if self.pointer else 0)) << 8)


_FIRST: Final = (Descriptor(0),)
_FIRST_ONLY: Final = """
read write readv writev close fstat lseek ioctl fcntl fsync fdatasync ftruncate flock getdents64
fchmod fchown fallocate readahead sync_file_range syncfs cachestat dup dup2 dup3 vmsplice
sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown bind listen accept accept4 connect
getsockname getpeername setsockopt getsockopt epoll_wait epoll_pwait epoll_pwait2
"""

_OTHERS: Final = {
    "pread64": (Descriptor(0, 3),),
    "pwrite64": (Descriptor(0, 3),),
    "preadv": (Descriptor(0, 3),),
    "pwritev": (Descriptor(0, 3),),
    "preadv2": (Descriptor(0, 3),),
    "pwritev2": (Descriptor(0, 3),),
    "fadvise64": (Descriptor(0, 1),),
    "mmap": (Descriptor(4, 5),),
    "sendfile": (Descriptor(0), Descriptor(1, 2, pointer=True)),
    "splice": (Descriptor(0, 1, pointer=True), Descriptor(2, 3, pointer=True)),
    "tee": (Descriptor(0), Descriptor(1)),
    "copy_file_range": (Descriptor(0, 1, pointer=True), Descriptor(2, 3, pointer=True)),
    "epoll_ctl": (Descriptor(0), Descriptor(2)),
}

DESCRIPTORS: Final = {**dict.fromkeys(_FIRST_ONLY.split(), _FIRST), **_OTHERS}
"""For each call that takes descriptors: one or two of them."""


def packed_table(names: SyscallNames) -> Iterator[tuple[int, int]]:
    """Pairs of system call number and packed entry for this machine."""
    for name, found in DESCRIPTORS.items():
        number = names.number(name)
        if number is not None:
            yield number, sum(entry.packed() << (16 * at) for at, entry in enumerate(found))
