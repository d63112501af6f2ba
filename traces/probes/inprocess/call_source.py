"""One watched process's calls, from its ring, as events."""

from collections.abc import Iterator
from typing import Any

from traces.event import (
    CacheStat,
    FdRef,
    FileSeen,
    ObservedEvent,
    SyscallEnter,
    SyscallExit,
    ThreadSeen,
    ThreadUsage,
)
from traces.probes.inprocess.calls import NAMES
from traces.probes.inprocess.identity import KINDS
from traces.probes.ring.layout import (
    CALL_CACHE,
    CALL_ENTER,
    CALL_EXIT,
    CALL_FD,
    CALL_RECORD,
    CALL_USAGE,
    NOTE_FILE,
    NOTE_THREAD,
)
from traces.probes.ring.reader import RingReader


class CallSource:
    """Reads a ring of calls; a call's descriptors come as records before it, by thread."""

    def __init__(self, path: str) -> None:
        self._ring = RingReader(path, CALL_RECORD)
        self._names: dict[tuple[int, int], tuple[int, str]] = {}
        self._threads: dict[int, str] = {}
        self._told: set[tuple[int, int]] = set()
        self._fds: dict[int, list[FdRef]] = {}

    @property
    def lost(self) -> int:
        """Records that found no room."""
        return self._ring.lost

    def poll(self) -> list[ObservedEvent]:
        """Return the events since the last call."""
        pid, events = self._ring.pid, list[ObservedEvent]()
        for record in self._ring.drain():
            self._read_notes()
            events += self._events(pid, record)
        return events

    def close(self) -> None:
        """Unmap the ring."""
        self._ring.close()

    def _read_notes(self) -> None:
        # What a record names was noted before it was written.
        for note in self._ring.notes():
            if note.kind == NOTE_THREAD:
                self._threads[note.a] = note.text
            else:
                self._names[note.a, note.b] = (note.kind, note.text)

    def _events(self, pid: int, record: tuple[Any, ...]) -> Iterator[ObservedEvent]:
        ts, tid, kind, name, *values, count, _ = record
        if tid in self._threads:
            yield ThreadSeen(ts, pid, tid, self._threads.pop(tid))
        if kind == CALL_FD:
            yield from self._descriptor(ts, pid, tid, values)
        elif kind == CALL_ENTER:
            fds = tuple(self._fds.pop(tid, ()))
            yield SyscallEnter(ts, pid, tid, NAMES[name], tuple(values[:count]), fds)
        elif kind == CALL_EXIT:
            yield SyscallExit(ts, pid, tid, NAMES[name], values[0])
        elif kind == CALL_USAGE:
            yield ThreadUsage(ts, pid, tid, *values[:4])
        elif kind == CALL_CACHE:
            yield CacheStat(ts, pid, tid, *values)

    def _descriptor(
        self, ts: int, pid: int, tid: int, values: list[int]
    ) -> Iterator[ObservedEvent]:
        fd, kind, dev, ino, position, _ = values
        noted, name = self._names.get((dev, ino), (0, None))
        place = None if position < 0 else position
        ref = FdRef(fd, KINDS[kind], dev, ino, name, place)
        self._fds.setdefault(tid, []).append(ref)
        if name is not None and noted == NOTE_FILE and (dev, ino) not in self._told:
            self._told.add((dev, ino))
            yield FileSeen(ts, pid, tid, dev, ino, name, KINDS[kind])
