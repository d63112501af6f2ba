"""The legend's pane."""

from textual.reactive import reactive

from app.renderables.canvas import Canvas
from app.renderables.counters import draw_legend
from app.widgets.canvas_widget import CanvasWidget


class LegendPane(CanvasWidget):
    """How to read the stage."""

    language: reactive[str] = reactive("en")

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the legend."""
        return draw_legend(width, height)
