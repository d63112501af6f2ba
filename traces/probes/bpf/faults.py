"""Page faults, put together from the three things the kernel says about one.

At the exception: address and mode. On the way: which page of which file was asked for. At the end,
by a software perf event: minor or major. Between the first and the last lies a disk read at times,
so events are held back until the oldest open fault is complete, a second at most.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from traces.event import PAGE_SIZE, ObservedEvent, PageFault
from traces.probes.bpf.mappings import FilePage
from traces.probes.bpf.records import Record

_PATIENCE_NS: Final = 1_000_000_000
_WRITE: Final = 2  # bit 1 of x86's page-fault error code


@dataclass(slots=True)
class _OpenFault:
    record: Record
    page: FilePage | None
    severity: str | None = None
    done: bool = False

    def event(self) -> PageFault:
        """Return the fault as far as it is known."""
        r = self.record
        dev, ino, index = self.page or (0, 0, None)
        mode = "kernel" if r.aux else "user"
        write = bool(r.a1 & _WRITE)
        return PageFault(r.ts, r.pid, r.tid, r.a0, mode, write, self.severity, dev, ino, index)


class FaultJoiner:
    """Events in their order, each fault in its place once it is complete."""

    def __init__(self) -> None:
        """Hold nothing back."""
        self._held: deque[ObservedEvent | _OpenFault] = deque()
        self._open: dict[int, _OpenFault] = {}
        self._latest = 0

    def add(self, event: ObservedEvent) -> None:
        """Add an event that is complete."""
        self._held.append(event)
        self._latest = max(self._latest, event.ts)

    def begin(self, record: Record, page: FilePage | None) -> None:
        """A fault began; ``page``: the file's page behind the address, where known."""
        self.abandon(record.tid)
        fault = _OpenFault(record, page)
        self._open[record.tid] = fault
        self._held.append(fault)
        self._latest = max(self._latest, record.ts)

    def is_open(self, tid: int) -> bool:
        """Whether this thread is inside a fault."""
        return tid in self._open

    def asked_for(self, tid: int, page: FilePage) -> None:
        """The thread's fault asked the page cache for this page."""
        fault = self._open.get(tid)
        if fault is not None and fault.page is None:
            fault.page = page

    def end(self, record: Record, page: FilePage | None) -> None:
        """A fault ended; one whose beginning was not seen becomes an event of its own."""
        severity = "major" if record.aux else "minor"
        fault = self._open.get(record.tid)
        if fault is not None and fault.record.a0 // PAGE_SIZE == record.a0 // PAGE_SIZE:
            fault.severity = severity
            self.abandon(record.tid)
            return
        lone = _OpenFault(record._replace(aux=0, a1=0), page, severity)
        self.add(lone.event())

    def abandon(self, tid: int) -> None:
        """The thread's fault, if any, is over: what is known of it is all there will be."""
        fault = self._open.pop(tid, None)
        if fault is not None:
            fault.done = True

    def take(self, *, everything: bool = False) -> list[ObservedEvent]:
        """Hand over all events before the oldest open fault, or everything."""
        ready: list[ObservedEvent] = []
        held = self._held
        while held:
            first = held[0]
            if isinstance(first, _OpenFault):
                waits = not first.done and self._latest - first.record.ts < _PATIENCE_NS
                if waits and not everything:
                    break
                ready.append(first.event())
            else:
                ready.append(first)
            held.popleft()
        return ready
