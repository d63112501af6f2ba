"""The transport's clock: how far the motion of this step is, and when the next is due."""

from bisect import bisect_left, bisect_right
from typing import Final

from app.moment import OpenedTrace

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_MOTION: Final = 0.9  # seconds a token is under way at speed 1
_REST: Final = 0.5  # seconds a step stays still before the next
_STILL: Final = 0.3  # the same for a step that moves nothing


class Transport:
    """Pure: time comes in by ``tick``, nothing here looks at a clock."""

    def __init__(self) -> None:
        self.progress = 1.0
        self._rest = 0.0
        self._waiting = False

    def begin(self, *, animate: bool, moving: bool) -> None:
        """A step begins; without ``animate`` its motion is over at once."""
        self.progress = 0.0 if animate else 1.0
        self._rest = _REST if moving else _STILL
        if moving and not animate:
            self._rest += _MOTION
        self._waiting = False

    def wait(self) -> None:
        """The next step was asked for and is not there yet."""
        self._waiting = True

    @property
    def over(self) -> bool:
        """The step has moved and rested, and the next was not asked for."""
        return self.progress >= 1.0 and self._rest <= 0.0 and not self._waiting

    def tick(self, seconds: float) -> bool:
        """Let time pass; return whether ``progress`` changed."""
        if self.progress < 1.0:
            self.progress = min(self.progress + seconds / _MOTION, 1.0)
            return True
        self._rest = max(self._rest - seconds, 0.0)
        return False


def chapter_step(trace: OpenedTrace, step: int, direction: int) -> int:
    """The step where the next chapter starts, or (-1) this one, or the one before if it is there."""
    starts = sorted({bisect_left(trace.steps, chapter.start) for chapter in trace.chapters})
    if direction > 0:
        at = bisect_right(starts, step)
        return starts[at] if at < len(starts) else len(trace.steps) - 1
    at = bisect_left(starts, step) - 1
    return starts[at] if at >= 0 else 0


def first_step(trace: OpenedTrace, share: float) -> int:
    """Where to begin: at a share (0 to 1) of the steps; 0 means where the first chapter starts."""
    if share <= 0 and trace.chapters:
        return min(bisect_left(trace.steps, trace.chapters[0].start), len(trace.steps) - 1)
    return round(share * (len(trace.steps) - 1))
