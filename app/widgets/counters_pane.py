"""The counters' pane."""

from textual.reactive import reactive

from app.moment import OpenedTrace
from app.renderables.canvas import Canvas
from app.renderables.counters import draw_counters
from app.widgets.moment_widget import MomentWidget


class CountersPane(MomentWidget):
    """The counters, and what the probe cannot see."""

    trace: reactive[OpenedTrace | None] = reactive(None)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the counters."""
        if self.view is None:
            return Canvas(width, height)
        header = self.trace.header if self.trace else None
        return draw_counters(self.view, header, width, height)
