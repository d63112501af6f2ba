"""The side of the process under study: no lock, no allocation that lasts, no system call."""

import itertools
import mmap
import os
import struct
import threading
from typing import Final

from traces.probes.ring.layout import (
    CONSUMED_AT,
    HEADER,
    HEADER_SIZE,
    LOST_AT,
    MAGIC,
    NOTE,
    NOTE_SIZE,
    NOTE_TEXT_AT,
    NOTE_TEXT_MAX,
    NOTE_THREAD,
    PID_AT,
)

SLACK: Final = 64
"""More threads than this cannot be between the look for room and the taking of a slot."""


class RingWriter:
    """Puts records into a ring that ``create_ring`` made. Raises ValueError on a wrong file.

    A forked child stays silent: its records would claim its parent's process.
    """

    def __init__(self, path: str, record: struct.Struct) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            # Every page is made present now, so that no record costs a page fault later.
            populate = getattr(mmap, "MAP_POPULATE", 0)
            self._map = mmap.mmap(fd, 0, flags=mmap.MAP_SHARED | populate)
        finally:
            os.close(fd)
        magic, size, capacity, notes, _ = HEADER.unpack_from(self._map)
        if magic != MAGIC or size != record.size:
            raise ValueError(f"{path} is not a ring of records of {record.size} bytes")
        if not populate:
            for page in range(0, len(self._map), mmap.PAGESIZE):
                self._map[page] = self._map[page]
        self._pack = record.pack_into
        self._size, self._capacity, self._notes = size, capacity, notes
        self._records_at = HEADER_SIZE + notes * NOTE_SIZE
        self._limit = max(capacity - SLACK, 1) - 1  # of the last slot's number
        counters = memoryview(self._map)[CONSUMED_AT : LOST_AT + 8].cast("Q")
        self._consumed, self._lost = counters[:1], counters[1:]
        self._slots, self._drops = itertools.count(), itertools.count(1)
        self._note_slots = itertools.count()
        self._last = -1
        self._threads = threading.local()
        struct.pack_into("<I", self._map, PID_AT, os.getpid())
        os.register_at_fork(after_in_child=self._silence)

    def put(self, *values: int) -> None:
        """Write one record, all fields but the last (its number); full: count it as lost."""
        if self._last - self._consumed[0] >= self._limit:
            self._lost[0] = next(self._drops)
            return
        slot = self._last = next(self._slots)
        at = self._records_at + slot % self._capacity * self._size
        self._pack(self._map, at, *values, (slot + 1) & 0xFFFFFFFF)

    def tid(self) -> int:
        """Return the kernel's id of this thread; a thread's first call notes its name."""
        try:
            return self._threads.tid  # type: ignore[no-any-return]  # threading.local is untyped
        except AttributeError:
            thread = threading.current_thread()
            # The thread asked the kernel for its id when it began: asking again would be a
            # system call of ours in the picture.
            tid = self._threads.tid = thread.native_id or threading.get_native_id()
            self.note(NOTE_THREAD, tid, 0, thread.name)
            return tid

    def note(self, kind: int, a: int, b: int, text: str) -> None:
        """Leave a text for the reader; silently dropped when the room for notes is full."""
        slot = next(self._note_slots)
        if slot >= self._notes:
            return
        data = text.encode("utf-8", "surrogateescape")[:NOTE_TEXT_MAX]
        at = HEADER_SIZE + slot * NOTE_SIZE
        NOTE.pack_into(self._map, at + 4, kind, len(data), a, b)
        self._map[at + NOTE_TEXT_AT : at + NOTE_TEXT_AT + len(data)] = data
        struct.pack_into("<I", self._map, at, 1)

    def _silence(self) -> None:
        self._limit = -(1 << 62)
        self._notes = 0
        self._lost = memoryview(bytearray(8)).cast("Q")
