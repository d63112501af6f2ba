"""Puts events from several sources into the order of time, within a short window."""

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter

from traces.event import ObservedEvent

_TS = attrgetter("ts")


class EventWindow:
    """Holds events until nothing older can come. ``late`` counts those that came after that."""

    def __init__(self) -> None:
        self._held: list[ObservedEvent] = []
        self._taken_up_to = 0
        self.late = 0

    def add(self, events: Iterable[ObservedEvent]) -> None:
        """Take events in any order."""
        self._held.extend(events)

    def take(self, before: int | None = None) -> list[ObservedEvent]:
        """Return the held events older than ``before`` (None: all), in order of time."""
        self._held.sort(key=_TS)
        count = len(self._held) if before is None else bisect_left(self._held, before, key=_TS)
        ready = self._held[:count]
        del self._held[:count]
        if ready:
            self.late += bisect_left(ready, self._taken_up_to, key=_TS)
            self._taken_up_to = max(self._taken_up_to, ready[-1].ts)
        return ready
