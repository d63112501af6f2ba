"""What the source tells the screen: facts, immutable, the newest replacing older ones."""

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from app.moment import OpenedTrace, View
from lessons.catalogue import Lesson


class TraceOpened(Message):
    """A trace was read and can be walked through."""

    def __init__(self, trace: OpenedTrace) -> None:
        super().__init__()
        self.trace = trace


class TraceChosen(Message):
    """A person wants this trace on the stage."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class LessonChosen(Message):
    """A person wants to read this lesson."""

    def __init__(self, lesson: Lesson) -> None:
        super().__init__()
        self.lesson = lesson


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
