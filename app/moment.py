"""The two immutable values that screens hand to drawings: a whole trace, and one moment of it."""

from collections.abc import Sequence
from dataclasses import dataclass

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
