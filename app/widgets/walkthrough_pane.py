"""The walkthrough's pane."""

from textual.reactive import reactive

from app.renderables.canvas import Canvas
from app.renderables.walkthrough import draw_walkthrough
from app.widgets.moment_widget import MomentWidget


class WalkthroughPane(MomentWidget):
    """Kafka's frames, the source, the kernel in words."""

    explain: reactive[bool] = reactive[bool](default=False)

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the walkthrough."""
        if self.view is None:
            return Canvas(width, height)
        return draw_walkthrough(self.view, width, height, explain=self.explain)
