"""The only workers of the program: they read traces in threads and post what they found.

A request for a moment that is out of date before its turn comes is dropped, so holding a key down
never piles up work. ``Replay`` is not for two threads at once: a lock keeps them in line.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Final

from textual.dom import DOMNode

from app.messages import PlayheadMoved, TraceFailed, TraceOpened, TraceRow, TracesFound
from app.moment import OpenedTrace, View
from traces.event import SyscallEnter
from traces.replay.frame import Frame, Move
from traces.replay.replay import Replay
from traces.trace_file import TraceError, TraceReader

TRAIL: Final = 3
"""Earlier steps whose moves stay visible, fading."""
_KEPT_MOVES: Final = 256


class TraceSource:
    """Reads one trace for ``node``, to which all messages go."""

    def __init__(self, node: DOMNode, path: Path) -> None:
        self._node = node
        self._path = path
        self._lock = Lock()
        self._replay: Replay | None = None
        self._steps: Sequence[int] = ()
        self._all = False
        self._wanted = 0
        self._moves: dict[tuple[bool, int], tuple[str, tuple[Move, ...]]] = {}

    def open(self) -> None:
        """Read the trace; posts TraceOpened, or TraceFailed."""
        self._run(self._open)

    def choose(self, *, all_events: bool) -> None:
        """Walk through every event or through the story; posts TraceOpened."""
        self._run(lambda: self._announce(all_events=all_events))

    def show(self, step: int) -> None:
        """Go to a step; posts PlayheadMoved unless a later request overtakes this one."""
        self._wanted += 1
        ticket = self._wanted
        self._run(lambda: self._show(step, ticket))

    def show_same_fd(self, step: int, direction: int) -> None:
        """Go to the next (+1) or previous (-1) call on this moment's descriptor."""
        self._wanted += 1
        ticket = self._wanted
        self._run(lambda: self._show(self._same_fd(step, direction), ticket))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._replay is not None:
                self._replay.reader.close()
                self._replay = None

    def _run(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            with self._lock:
                try:
                    work()
                except TraceError as error:
                    self._node.post_message(TraceFailed(str(error)))

        self._node.run_worker(guarded, group="trace", thread=True, exit_on_error=False)

    def _open(self) -> None:
        self._replay = Replay(TraceReader(self._path))
        self._announce(all_events=not self._replay.story)

    def _announce(self, *, all_events: bool) -> None:
        replay = self._replay
        if replay is None:
            return
        self._all = all_events
        self._steps = range(replay.total) if all_events else replay.story
        reader = replay.reader
        times = (
            tuple(event.ts for event in reader.events())
            if all_events
            else tuple(reader[index].ts for index in self._steps)
        )
        opened = OpenedTrace(
            name=self._path.name,
            header=reader.header,
            total=replay.total,
            steps=self._steps,
            times=times,
            chapters=replay.chapters,
            lanes=replay.lanes,
            cut=reader.cut,
            lost=reader.lost,
            all_events=all_events,
        )
        self._node.post_message(TraceOpened(opened))

    def _show(self, step: int, ticket: int) -> None:
        if ticket != self._wanted or self._replay is None or not self._steps:
            return
        step = max(0, min(step, len(self._steps) - 1))
        trail = self._trail(step)
        frame = self._frame(step)
        view = View(frame, trail, step, len(self._steps), self._all)
        self._node.post_message(PlayheadMoved(view))

    def _frame(self, step: int) -> Frame:
        assert self._replay is not None
        frame = self._replay.frame(self._steps[step], all_events=self._all)
        if len(self._moves) > _KEPT_MOVES:
            self._moves.clear()
        self._moves[self._all, step] = (frame.chapter, frame.moves)
        return frame

    def _trail(self, step: int) -> tuple[tuple[Move, ...], ...]:
        """The moves of the steps before, newest first, back to the chapter's start at most."""
        before = range(max(step - TRAIL, 0), step)
        known = {}
        for earlier in before:
            if (self._all, earlier) not in self._moves:
                self._frame(earlier)
            known[earlier] = self._moves[self._all, earlier]
        newest = known[step - 1][0] if step else ""
        return tuple(known[n][1] for n in reversed(before) if known[n][0] == newest)

    def _same_fd(self, step: int, direction: int) -> int:
        assert self._replay is not None
        here = self._frame(step)
        call = here.syscall
        if call is None or not call.fds:
            return step
        wanted = (here.process.pid, call.fds[0].fd)
        stop = len(self._steps) if direction > 0 else -1
        for other in range(step + direction, stop, direction):
            event = self._replay.reader[self._steps[other]]
            if isinstance(event, SyscallEnter) and wanted in ((event.pid, f.fd) for f in event.fds):
                return other
        return step


def bundled_samples() -> Path:
    """The folder of the traces that ship with the project."""
    return Path(str(resources.files("traces").joinpath("samples")))


def find_traces(folders: Iterable[Path]) -> tuple[TraceRow, ...]:
    """List the traces in folders by name; an unreadable one has its ``problem``."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.trace"))]
    return tuple(_trace_row(path) for path in paths)


def _trace_row(path: Path) -> TraceRow:
    try:
        reader = TraceReader(path)
    except TraceError as error:
        return TraceRow(path, problem=str(error))
    row = TraceRow(path, reader.header.probe, reader.header.created, len(reader))
    reader.close()
    return row


def list_traces(node: DOMNode, folders: Iterable[Path]) -> None:
    """List saved traces in a thread; posts TracesFound to ``node``."""
    chosen = tuple(folders)

    def work() -> None:
        node.post_message(TracesFound(find_traces(chosen)))

    node.run_worker(work, group="list", thread=True, exclusive=True, exit_on_error=False)
