"""What the source tells the screen: facts, immutable, the newest replacing older ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from traces.replay.frame import Chapter, Frame, Lane, Move
from traces.trace_file import TraceHeader


@dataclass(frozen=True, slots=True)
class OpenedTrace:
    """What holds for a whole trace.

    ``steps``: the event indices that the keys walk through; ``times``: their timestamps.
    """

    name: str
    header: TraceHeader
    total: int
    steps: Sequence[int]
    times: tuple[int, ...]
    chapters: tuple[Chapter, ...]
    lanes: tuple[Lane, ...]
    cut: str | None = None
    lost: int = 0
    all_events: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """One moment on the stage: its frame, and what moved in the few steps before it.

    ``trail``: the moves of earlier steps, newest step first. ``step``/``steps``: where the moment
    stands among the steps that the keys walk through.
    """

    frame: Frame
    trail: tuple[tuple[Move, ...], ...] = ()
    step: int = 0
    steps: int = 0
    all_events: bool = False


class TraceOpened(Message):
    """A trace was read and can be walked through."""

    def __init__(self, trace: OpenedTrace) -> None:
        super().__init__()
        self.trace = trace


class PlayheadMoved(Message):
    """The playhead stands on another moment."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view

    def can_replace(self, message: Message) -> bool:
        """A newer moment makes an older one that nobody has drawn yet pointless."""
        return isinstance(message, PlayheadMoved)


class TraceFailed(Message):
    """The trace cannot be read; ``reason`` is one sentence with what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A saved trace in a list; ``problem`` is a sentence if it cannot be read."""

    path: Path
    probe: str = ""
    created: str = ""
    events: int = 0
    problem: str = ""


class TracesFound(Message):
    """The saved traces were listed."""

    def __init__(self, rows: tuple[TraceRow, ...]) -> None:
        super().__init__()
        self.rows = rows


class StepChosen(Message):
    """A person pointed at a step on the timeline."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step
