"""A grid of character cells to draw on: text, lines, boxes; out come strips.

Coordinates are cells, (0, 0) at the top left. What falls outside is cut off, so a drawing never has
to ask how large the screen is. A character two cells wide (Chinese) fills its cell and the next.
"""

from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from app.renderables.palette import BACK, TEXT

_TAIL = ""  # the second cell of a wide character


@dataclass(frozen=True, slots=True)
class Rect:
    """A box of cells: its left top corner and its size, border included."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The last column inside."""
        return self.x + self.width - 1

    @property
    def bottom(self) -> int:
        """The last row inside."""
        return self.y + self.height - 1

    @property
    def middle(self) -> int:
        """The column in the middle."""
        return self.x + self.width // 2


def fit(text: str, width: int) -> str:
    """Cut ``text`` to ``width`` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += get_character_cell_size(character)
        if used > width - 1:
            break
        kept += character
    return f"{kept}…" if width > 0 else ""


class Canvas:
    """A drawing of ``width`` by ``height`` cells."""

    def __init__(self, width: int, height: int, background: str = BACK) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self.background = background
        blank = (" ", f"{TEXT} on {background}")
        self._rows = [[blank] * self.width for _ in range(self.height)]

    def put(self, x: int, y: int, text: str, style: str = TEXT) -> int:
        """Write ``text`` from (x, y) on and return the column after it. ``style``: rich's words."""
        full = style if " on " in style else f"{style} on {self.background}"
        for character in text:
            size = get_character_cell_size(character)
            if size and 0 <= y < self.height and x >= 0 and x + size <= self.width:
                self._set(x, y, character, full)
                if size == 2:
                    self._set(x + 1, y, _TAIL, full)
            x += size
        return x

    def _set(self, x: int, y: int, character: str, style: str) -> None:
        row = self._rows[y]
        if row[x][0] == _TAIL and character != _TAIL and x:
            row[x - 1] = (" ", row[x - 1][1])
        after = x + 1
        if after < self.width and row[after][0] == _TAIL and character != _TAIL:
            row[after] = (" ", row[after][1])
        row[x] = (character, style)

    def text(self, x: int, y: int, text: str, width: int, style: str = TEXT) -> int:
        """Write ``text`` cut to ``width`` cells; return the column after it."""
        return self.put(x, y, fit(text, width), style)

    def styled(self, x: int, y: int, text: Text, width: int) -> None:
        """Write one line of rich text, cut to ``width`` cells."""
        line = text.copy()
        line.truncate(max(width, 0), overflow="ellipsis")
        position = x
        for offset, character in enumerate(line.plain):
            style = Style.combine(
                Style.parse(str(span.style)) if isinstance(span.style, str) else span.style
                for span in line.spans
                if span.start <= offset < span.end
            )
            position = self.put(position, y, character, str(style) if style else TEXT)

    def across(self, x: int, y: int, width: int, glyph: str, style: str) -> None:
        """Draw a horizontal line."""
        self.put(x, y, glyph * max(width, 0), style)

    def box(self, rect: Rect, style: str, title: str = "", title_style: str = TEXT) -> None:
        """Draw a rounded frame with its title in the upper edge; one row high: the title only."""
        if rect.height >= 2:
            inner = max(rect.width - 2, 0)
            self.put(rect.x, rect.y, f"╭{'─' * inner}╮", style)
            for y in range(rect.y + 1, rect.bottom):
                self.put(rect.x, y, f"│{' ' * inner}│", style)
            self.put(rect.x, rect.bottom, f"╰{'─' * inner}╯", style)
            if title and inner > 2:
                self.put(rect.x + 1, rect.y, f" {fit(title, inner - 2)} ", title_style)
        elif title:
            self.text(rect.x, rect.y, title, rect.width, title_style)

    def glyph(self, x: int, y: int) -> str:
        """The character at a cell; a blank outside."""
        inside = 0 <= y < self.height and 0 <= x < self.width
        return self._rows[y][x][0] if inside else " "

    def strip(self, y: int) -> Strip:
        """Return row ``y`` as a strip; blank below the drawing."""
        if not 0 <= y < self.height:
            return Strip.blank(self.width, Style.parse(f"on {self.background}"))
        segments = [
            Segment("".join(cell[0] for cell in run), Style.parse(style))
            for style, run in groupby(self._rows[y], key=lambda cell: cell[1])
        ]
        return Strip(segments, self.width)

    def plain(self) -> str:
        """Return the drawing as lines of text without colour."""
        return "\n".join("".join(cell[0] for cell in row).rstrip() for row in self._rows)
