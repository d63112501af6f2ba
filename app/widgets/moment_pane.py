"""The walkthrough's pane on a small screen."""

from textual.reactive import reactive

from app.renderables.canvas import Canvas
from app.renderables.walkthrough import draw_moment
from app.widgets.moment_widget import MomentWidget


class MomentPane(MomentWidget):
    """The walkthrough in two lines, and what the call is for if asked."""

    explain: reactive[bool] = reactive[bool](default=False)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the moment's call and what it moved."""
        if self.view is None:
            return Canvas(width, height)
        return draw_moment(self.view, width, height, explain=self.explain)
