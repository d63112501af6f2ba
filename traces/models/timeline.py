"""Per thread: when it was in the kernel and why, its faults and switches, its watched functions."""

from traces.event import (
    ContextSwitch,
    ObservedEvent,
    PageFault,
    SpanEnd,
    SpanStart,
    SyscallEnter,
    SyscallExit,
)
from traces.models.calls import family
from traces.models.lanes import Interval, LaneMark, SpanInterval


class ThreadTimeline:
    """What one thread did so far, in order of time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.intervals: list[Interval] = []
        self.marks: list[LaneMark] = []
        self.spans: list[SpanInterval] = []
        self._call: Interval | None = None
        self._open: list[tuple[int, int]] = []  # function and start

    @property
    def all_intervals(self) -> tuple[Interval, ...]:
        """The calls that ended and the one still going on."""
        return (*self.intervals, self._call) if self._call is not None else tuple(self.intervals)

    @property
    def all_spans(self) -> tuple[SpanInterval, ...]:
        """The spans by start; those still open have no end."""
        going = [SpanInterval(at, None, what, deep) for deep, (what, at) in enumerate(self._open)]
        return tuple(sorted((*self.spans, *going), key=lambda span: (span.start, span.depth)))

    def enter(self, index: int, event: SyscallEnter) -> None:
        """A call began."""
        kind = family(event.name, event.fds)
        self._call = Interval(event.ts, None, event.name, kind, len(self._open), index)

    def exit(self, event: SyscallExit) -> None:
        """A call ended; one whose start was not seen leaves no interval."""
        call, self._call = self._call, None
        if call is not None and call.name == event.name:
            self.intervals.append(
                Interval(call.start, event.ts, call.name, call.family, call.depth, call.index)
            )

    def begin(self, event: SpanStart) -> None:
        """A watched function began."""
        self._open.append((event.function, event.ts))

    def end(self, event: SpanEnd) -> None:
        """A watched function ended, and those inside it whose ends were lost."""
        if all(function != event.function for function, _ in self._open):
            return
        while self._open:
            function, start = self._open.pop()
            self.spans.append(SpanInterval(start, event.ts, function, len(self._open)))
            if function == event.function:
                return


class Timeline:
    """Feed it every event; ``threads`` maps a thread to its timeline."""

    def __init__(self) -> None:
        self.threads: dict[int, ThreadTimeline] = {}

    def feed(self, index: int, event: ObservedEvent) -> None:
        """Take the event at ``index``."""
        if isinstance(event, SyscallEnter):
            self._of(event).enter(index, event)
        elif isinstance(event, SyscallExit):
            self._of(event).exit(event)
        elif isinstance(event, SpanStart):
            self._of(event).begin(event)
        elif isinstance(event, SpanEnd):
            self._of(event).end(event)
        elif isinstance(event, PageFault):
            kind = f"fault-{event.severity}" if event.severity else "fault"
            self._of(event).marks.append(LaneMark(event.ts, kind, index))
        elif isinstance(event, ContextSwitch):
            self._of(event).marks.append(LaneMark(event.ts, f"switch-{event.reason}", index))

    def _of(self, event: ObservedEvent) -> ThreadTimeline:
        thread = self.threads.get(event.tid)
        if thread is None:
            thread = self.threads[event.tid] = ThreadTimeline(event.pid)
        return thread
