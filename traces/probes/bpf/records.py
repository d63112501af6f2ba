"""The fixed-size record that the BPF program writes, and the numbers of its kinds.

One record as it stands in the ring (88 bytes, little-endian)::

    ring header u64 | ts u64 | lost u64 | tid u32 | pid u32 | type u16 | cpu u16 | aux u32 | a u64[6]

``lost`` is the count of records that had found the ring full before this one was written; where it
rises, events are missing. What ``aux`` and ``a`` hold depends on the type; the C sections say so.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

RING_HEADER: Final = 8
RECORD: Final = struct.Struct("<8xQQIIHHI6Q")
RECORD_SIZE: Final = RECORD.size


class RecordType(IntEnum):
    """Kinds of records; the loader hands the same numbers to the C program as TYPE_<name>."""

    SYSCALL_ENTER = 1
    SYSCALL_EXIT = 2
    FILE_DESCRIPTOR = 3
    FILE_NAME = 4
    PAGE_FAULT = 5
    FAULT_DONE = 6
    FILEMAP_FAULT = 7
    MAP_PAGES = 8
    CACHE_GET = 9
    CACHE_ADD = 10
    CACHE_REMOVE = 11
    DIRTY = 12
    WRITEBACK = 13
    READAHEAD_ASK = 14
    READAHEAD = 15
    WRITE_COPY = 16
    TCP_SEND = 17
    SKB_TRANSMIT = 18
    SKB_COPY = 19
    BLOCK_ISSUE = 20
    BLOCK_COMPLETE = 21
    SWITCH = 22
    FORK = 23
    EXEC = 24
    PROCESS_EXIT = 25
    SOCKET_ADDRESSES = 26


class Record(NamedTuple):
    """One record, unpacked; ``a0``..``a5`` are unsigned."""

    ts: int
    lost: int
    tid: int
    pid: int
    type: int
    cpu: int
    aux: int
    a0: int
    a1: int
    a2: int
    a3: int
    a4: int
    a5: int


def signed(value: int, bits: int = 64) -> int:
    """Read an unsigned number of ``bits`` bits as two's complement."""
    return value - (1 << bits) if value >> (bits - 1) else value


def device_number(kernel_dev: int) -> int:
    """Turn the kernel's dev_t (major:12, minor:20) into the number that ``stat`` shows.

    The bits are glibc's (gnu_dev_makedev): minor 8 low, major 12, then the rest of each.
    """
    major, minor = kernel_dev >> 20, kernel_dev & 0xFFFFF
    return (
        (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFF) << 12) | ((major & ~0xFFF) << 32)
    )
