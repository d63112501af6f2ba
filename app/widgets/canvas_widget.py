"""The base of all drawings: a widget that shows a Canvas and draws it only when it must."""

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from app.renderables.canvas import Canvas


class CanvasWidget(Widget):
    """Shows what ``draw`` returns; subclasses hold reactives and draw nothing else."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._canvas = Canvas(0, 0)

    def draw(self, width: int, height: int) -> Canvas:
        """Return the drawing for ``width`` by ``height`` cells."""
        return Canvas(width, height)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw once, then hand out the rows."""
        self._canvas = self.draw(self.size.width, self.size.height)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one row of the drawing."""
        return self._canvas.strip(y)
