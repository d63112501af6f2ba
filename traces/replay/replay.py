"""Any moment of a trace, reached from either side: one pass on opening, then keyframes."""

from bisect import bisect_right
from typing import Final

import msgspec

from traces.event import DerivedEvent, Mark, ObservedEvent, SyscallExit
from traces.models.calls import Call
from traces.models.timeline import Timeline
from traces.replay.frame import Chapter, Frame, Lane
from traces.replay.framing import Happening, Position, build_frame
from traces.replay.moves import merged, moves_of
from traces.replay.state import State
from traces.replay.story import Story
from traces.trace_file import TraceReader

KEYFRAME_EVERY: Final = 1024
"""Going back costs at most this many events (measured: about 5 microseconds each)."""


class Replay:
    """A trace as frames.

    ``total`` events; ``frame(i)`` for 0 <= i < total; ``story`` holds the positions worth a step
    on the data path. ``follow()`` takes in what a growing file got since. Not for two threads at
    once. Raises TraceError if a part of the trace is damaged.
    """

    def __init__(self, reader: TraceReader) -> None:
        self.reader = reader
        self.total = 0
        self.chapters: tuple[Chapter, ...] = ()
        self._start_ts = reader.first_ts
        self._story = Story()
        self._story_ends: tuple[int, ...] | None = None
        self._timeline = Timeline()
        self._lanes: tuple[Lane, ...] | None = None
        self._keyframes: list[State] = []  # the state before event K * KEYFRAME_EVERY
        self._last = State(reader.header)  # after all events
        self._here = self._last.copy()  # where the last frame left us: after event _at
        self._at = -1
        self._take_in(len(reader))

    @property
    def story(self) -> tuple[int, ...]:
        """Positions of the steps on the data path, ascending; a merged run's is its last event."""
        if self._story_ends is None:
            self._story_ends = self._story.ends
        return self._story_ends

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The timeline's rows: a thread each, by process and thread id."""
        if self._lanes is None:
            self._lanes = tuple(
                self._lane(tid) for tid in sorted(self._timeline.threads, key=self._lane_order)
            )
        return self._lanes

    def follow(self) -> int:
        """Take in what was added to the file since; return how many events are new."""
        self.reader.refresh()
        before = self.total
        self._take_in(len(self.reader))
        return self.total - before

    def index_at(self, ts: int) -> int:
        """Return the position of the first event at or after ``ts``, the last one's if none is."""
        return max(0, min(self.reader.index_at(ts), self.total - 1))

    def frame(self, position: int, *, all_events: bool = False) -> Frame:
        """Return the frame just after the event at ``position``.

        At a position of ``story`` that stands for a merged run, the moves of the whole run are
        shown as one, unless ``all_events``. Raises IndexError outside 0..total-1.
        """
        if not 0 <= position < self.total:
            raise IndexError(f"frame {position} of {self.total}")
        step = None if all_events else self._story.step_at(position)
        members = step.members if step is not None else [position]
        run = [self._happening(member) for member in members]
        last = run[-1]
        if len(run) > 1:
            moves = merged([move for one in run for move in one.moves])
            events = tuple(one.event for one in run)
            last = msgspec.structs.replace(last, moves=moves, run=events)
        where = Position(position, self.total, self._start_ts, self.reader.last_ts)
        return build_frame(where, last, self._here)

    def _happening(self, position: int) -> Happening:
        event, derived, call = self._advance_to(position)
        moves = moves_of(event, derived, self._here, call.fds if call is not None else ())
        return Happening(event, derived, call, moves, (event,))

    def _advance_to(
        self, position: int
    ) -> tuple[ObservedEvent, tuple[DerivedEvent, ...], Call | None]:
        """Bring ``_here`` to just after ``position``; return its event, what followed, its call."""
        keyframe = position // KEYFRAME_EVERY
        if self._at >= position or self._at < keyframe * KEYFRAME_EVERY - 1:
            self._here = self._keyframes[keyframe].copy()
            self._at = keyframe * KEYFRAME_EVERY - 1
        for event in self.reader.events(self._at + 1, position):
            self._here.step(event)
        event = self.reader[position]
        call = self._here.derivation.calls.get(event.tid)
        derived = self._here.step(event)
        self._at = position
        if not isinstance(event, SyscallExit):
            call = self._here.derivation.calls.get(event.tid)
        return event, derived, call

    def _take_in(self, end: int) -> None:
        state, chapters = self._last, list(self.chapters)
        step, tell, line = state.step, self._story.feed, self._timeline.feed
        for index, event in enumerate(self.reader.events(self.total, end), self.total):
            if index % KEYFRAME_EVERY == 0:
                self._keyframes.append(state.copy())
            if isinstance(event, Mark) and event.kind == "chapter":
                chapters.append(Chapter(event.text, index, event.ts))
            tell(index, event, state)
            line(index, event)
            step(event)
            self.total = index + 1
        self.chapters = tuple(chapters)
        self._story_ends = self._lanes = None

    def chapter_at(self, position: int) -> int | None:
        """Return the number of the chapter that ``position`` lies in; None before the first."""
        place = bisect_right(self.chapters, position, key=lambda chapter: chapter.start) - 1
        return place if place >= 0 else None

    def _lane(self, tid: int) -> Lane:
        thread, names = self._timeline.threads[tid], self._last.directory
        return Lane(
            pid=thread.pid,
            tid=tid,
            role=names.role(thread.pid),
            name=names.threads.get(tid, ""),
            intervals=thread.all_intervals,
            marks=tuple(thread.marks),
            spans=thread.all_spans,
        )

    def _lane_order(self, tid: int) -> tuple[int, int, int]:
        """Ours first, in the order in which they were seen; the kernel's threads last."""
        pid = self._timeline.threads[tid].pid
        roles = list(self._last.directory.roles)
        return (roles.index(pid) if pid in roles else len(roles), pid, tid)
