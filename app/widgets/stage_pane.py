"""The stage's pane."""

from textual.reactive import reactive

from app.renderables.canvas import Canvas
from app.renderables.stage import draw_stage
from app.widgets.moment_widget import MomentWidget


class StagePane(MomentWidget):
    """The rings, the boxes and what moves."""

    progress: reactive[float] = reactive(1.0)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the stage at this point of the event's motion."""
        if self.view is None:
            return Canvas(width, height)
        return draw_stage(self.view, width, height, self.progress)
