"""The status line's pane."""

from textual.reactive import reactive

from app.moment import OpenedTrace
from app.renderables.bars import draw_status
from app.renderables.canvas import Canvas
from app.widgets.moment_widget import MomentWidget


class StatusPane(MomentWidget):
    """Where the playhead stands, and whether it moves by itself."""

    trace: reactive[OpenedTrace | None] = reactive(None)
    playing: reactive[bool] = reactive[bool](default=False)
    speed: reactive[float] = reactive(1.0)
    problem: reactive[str] = reactive("")

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the status line."""
        return draw_status(
            Canvas(width, height), self.trace, self.view, self.problem, self._transport()
        )

    def _transport(self) -> tuple[bool, float]:
        return self.playing, self.speed
