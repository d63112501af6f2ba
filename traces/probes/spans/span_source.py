"""One watched process's spans as events."""

from traces.event import ObservedEvent, SpanEnd, SpanLine, SpanStart, ThreadSeen
from traces.probes.ring.layout import NOTE_THREAD, SPAN_END, SPAN_LINE, SPAN_RECORD, SPAN_START
from traces.probes.ring.reader import RingReader


class SpanSource:
    """Reads a span ring; ``first_ts`` is the first span's time once there was one."""

    def __init__(self, path: str) -> None:
        self._ring = RingReader(path, SPAN_RECORD)
        self._names: dict[int, str] = {}
        self._named: set[int] = set()
        self.first_ts: int | None = None
        self.last_ts: int | None = None

    @property
    def pid(self) -> int:
        """The process that writes the spans; 0 until it is known."""
        return self._ring.pid

    @property
    def lost(self) -> int:
        """Spans that found no room."""
        return self._ring.lost

    def poll(self) -> list[ObservedEvent]:
        """Return the events since the last call, in the order of their slots."""
        pid, events = self._ring.pid, list[ObservedEvent]()
        for ts, tid, kind, function, line, _ in self._ring.drain():
            if tid not in self._named:
                events += self._name(ts, pid, tid)
            if kind == SPAN_START:
                events.append(SpanStart(ts, pid, tid, function, line))
            elif kind == SPAN_LINE:
                events.append(SpanLine(ts, pid, tid, line))
            elif kind == SPAN_END:
                events.append(SpanEnd(ts, pid, tid, function))
            self.last_ts = ts
        if events and self.first_ts is None:
            self.first_ts = events[0].ts
        return events

    def close(self) -> None:
        """Unmap the ring."""
        self._ring.close()

    def _name(self, ts: int, pid: int, tid: int) -> list[ObservedEvent]:
        # A thread leaves its name before its first record, so the name is there by now.
        self._names.update(
            (note.a, note.text) for note in self._ring.notes() if note.kind == NOTE_THREAD
        )
        name = self._names.get(tid)
        if name is None:
            return []
        self._named.add(tid)
        return [ThreadSeen(ts, pid, tid, name)]
