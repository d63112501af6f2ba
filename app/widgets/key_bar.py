"""The last line: keys and what they do, as many as fit."""

from textual.reactive import reactive

from app.renderables.bars import Hint, draw_hints
from app.renderables.canvas import Canvas
from app.widgets.canvas_widget import CanvasWidget


class KeyBar(CanvasWidget):
    """Shows hints (key, catalogue key of the word), the most useful first."""

    language: reactive[str] = reactive("en")

    def __init__(self, hints: tuple[Hint, ...], *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._hints = hints

    def draw(self, width: int, height: int) -> Canvas:
        """Draw the hints."""
        return draw_hints(Canvas(width, height), self._hints)
