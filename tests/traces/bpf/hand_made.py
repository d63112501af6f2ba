"""Records made by hand, as the ring would hold them."""

import os
import struct

from traces.probes.bpf.records import RECORD, RecordType

PID, TID = 400, 401
KERNEL_DEV = (254 << 20) | 3
DEV = os.makedev(254, 3)
REGULAR, SOCKET, PIPE = 0o100644, 0o140777, 0o010600


def record(kind: RecordType, *values: int, ts: int = 1000, aux: int = 0, **others: int) -> bytes:
    """One record of ``kind``; ``values`` fill a[0], a[1], ... and the rest is nought."""
    numbers = [value & (2**64 - 1) for value in values] + [0] * (6 - len(values))
    lost, tid, pid = others.get("lost", 0), others.get("tid", TID), others.get("pid", PID)
    return RECORD.pack(ts, lost, tid, pid, kind, 0, aux & (2**32 - 1), *numbers)


def enter(number: int, *args: int, ts: int = 1000, tid: int = TID) -> bytes:
    """A thread enters a system call."""
    return record(RecordType.SYSCALL_ENTER, *args, ts=ts, aux=number, tid=tid)


def leave(number: int, ret: int, ts: int = 1000, tid: int = TID) -> bytes:
    """A thread leaves a system call."""
    return record(RecordType.SYSCALL_EXIT, ret, ts=ts, aux=number, tid=tid)


def descriptor(fd: int, ino: int, mode: int, *rest: int, bits: int = 0) -> bytes:
    """What the kernel read of a descriptor; ``rest``: position, size, offset."""
    where = KERNEL_DEV | (mode << 32) | (bits << 48)
    return record(RecordType.FILE_DESCRIPTOR, ino, where, *rest, aux=fd)


def text(kind: RecordType, value: bytes) -> bytes:
    """A record whose numbers hold a string."""
    return record(kind, *struct.unpack("<6Q", value.ljust(48, b"\0")))
