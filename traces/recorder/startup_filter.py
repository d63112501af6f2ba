"""Leaves an interpreter's own start and end out of a trace."""

from collections.abc import Iterable, Iterator

from traces.event import (
    FileSeen,
    Lost,
    Mark,
    ObservedEvent,
    ProcessExit,
    ProcessSeen,
    SyscallEnter,
    ThreadSeen,
)
from traces.probes.spans.span_source import SpanSource

_ALWAYS = (ProcessSeen, ThreadSeen, ProcessExit, Mark, Lost)


class StartupFilter:
    """Drops a process's events before its first span and, once it has ended, after its last.

    Python itself makes thousands of system calls before the first line of a program runs. Names
    of files that were opened meanwhile are kept back and given with the first event that needs
    them.
    """

    def __init__(self) -> None:
        self._spans: dict[int, SpanSource] = {}
        self._released: dict[int, int | None] = {}  # by process: from when on, None while held
        self._ended: set[int] = set()
        self._files: dict[tuple[int, int], FileSeen] = {}
        self.dropped = 0

    def skip(self, pid: int, spans: SpanSource) -> None:
        """Apply to this process from now on."""
        self._spans[pid] = spans

    def hold(self, pid: int) -> None:
        """Drop what this process does until it is released."""
        self._released[pid] = None

    def release(self, pid: int, ts: int) -> None:
        """Keep what a held process does from ``ts`` on."""
        self._released[pid] = ts

    def ended(self, pid: int) -> None:
        """Say that no span of this process can come any more."""
        self._ended.add(pid)

    def keep(self, events: Iterable[ObservedEvent]) -> Iterator[ObservedEvent]:
        """Yield the events that stay, in order."""
        for event in events:
            if self._is_noise(event):
                self.dropped += 1
                if isinstance(event, FileSeen):
                    self._files[event.dev, event.ino] = event
                continue
            if self._files:
                yield from self._names_for(event)
            yield event

    def _is_noise(self, event: ObservedEvent) -> bool:
        if isinstance(event, _ALWAYS):
            return False
        if event.pid in self._released:
            released = self._released[event.pid]
            if released is None or event.ts < released:
                return True
        spans = self._spans.get(event.pid)
        if spans is None:
            return False
        if spans.first_ts is None or event.ts < spans.first_ts:
            return True
        return event.pid in self._ended and event.ts > (spans.last_ts or 0)

    def _names_for(self, event: ObservedEvent) -> Iterator[FileSeen]:
        if isinstance(event, SyscallEnter):
            places = [(ref.dev, ref.ino) for ref in event.fds]
        else:
            places = [(getattr(event, "dev", 0), getattr(event, "ino", 0))]
        for place in places:
            seen = self._files.pop(place, None)
            if seen is not None:
                yield FileSeen(event.ts, seen.pid, seen.tid, *place, seen.name, seen.kind)
