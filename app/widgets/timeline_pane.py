"""The timeline's pane."""

from textual.events import Click
from textual.reactive import reactive

from app.messages import StepChosen
from app.moment import OpenedTrace
from app.renderables.canvas import Canvas
from app.renderables.timeline import LaneRow, draw_timeline, label_width, lane_rows, step_at
from app.widgets.moment_widget import MomentWidget


class TimelinePane(MomentWidget):
    """Threads over time; a click goes there."""

    trace: reactive[OpenedTrace | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._rows: tuple[LaneRow, ...] = ()
        self._rows_of: tuple[int, int] = (0, 0)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the timeline; the rows are kept until the trace or the width changes."""
        if self.view is None or self.trace is None:
            return Canvas(width, height)
        room = max(width - label_width(width) - 1, 1)
        if self._rows_of != (id(self.trace), room):
            self._rows = lane_rows(self.trace, room)
            self._rows_of = (id(self.trace), room)
        return draw_timeline(self.trace, self._rows, self.view, width, height)

    def on_click(self, event: Click) -> None:
        """Ask for the step under the pointer."""
        step = step_at(self.trace, event.x, self.size.width) if self.trace else None
        if step is not None:
            self.post_message(StepChosen(step))
