"""The page cache of a file as a strip: a cell a page, or a cell for several where pages are many."""

from dataclasses import dataclass

from app.i18n import t
from app.renderables.canvas import Canvas, Rect, fit
from app.renderables.palette import BRIGHT, DIM, PAGE_LOOKS, PINK, TEXT
from app.renderables.units import size_text
from traces.replay.frame import FileCache, PageState

_NAMES = {
    PageState.UNKNOWN: "unknown",
    PageState.ABSENT: "absent",
    PageState.CACHED: "cached",
    PageState.PREFETCHED: "prefetched",
    PageState.DIRTY: "dirty",
    PageState.WRITEBACK: "writeback",
}
# A cell that stands for several pages shows what matters most among them.
_RANK = (
    PageState.WRITEBACK,
    PageState.DIRTY,
    PageState.CACHED,
    PageState.PREFETCHED,
    PageState.ABSENT,
    PageState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class PageCell:
    """One cell of the strip: the state's name, and whether its pages are mapped or just touched."""

    state: str
    mapped: bool
    touched: bool


def page_cells(file: FileCache, room: int) -> tuple[tuple[PageCell, ...], int]:
    """Return at most ``room`` cells and how many pages each of them stands for."""
    pages = len(file.pages)
    scale = max(1, -(-pages // max(room, 1)))
    first, last = file.touched or (-1, -2)
    cells = []
    for start in range(0, pages, scale):
        part = file.pages[start : start + scale]
        states = {page & 7 for page in part}
        state = next((s for s in _RANK if s in states), PageState.UNKNOWN)
        mapped = any(page & PageState.MAPPED for page in part)
        touched = first < start + scale and last >= start
        cells.append(PageCell(_NAMES[state], mapped, touched))
    return tuple(cells), scale


def _style(cell: PageCell) -> tuple[str, str]:
    glyph, colour = PAGE_LOOKS[cell.state]
    style = f"underline {colour}" if cell.mapped else colour
    if cell.touched:
        glyph = {"·": "•", "▒": "▒"}.get(glyph, glyph)
        style = (
            f"bold {BRIGHT} on #4a4520"
            if not cell.mapped
            else f"bold underline {BRIGHT} on #4a4520"
        )
    return glyph, style


def draw_strip(canvas: Canvas, rect: Rect, file: FileCache) -> None:
    """Draw the file's pages into ``rect``, row after row."""
    cells, _ = page_cells(file, rect.width * rect.height)
    for number, cell in enumerate(cells):
        row, column = divmod(number, rect.width)
        glyph, style = _style(cell)
        canvas.put(rect.x + column, rect.y + row, glyph, style)


def file_label(file: FileCache, width: int, room: int) -> str:
    """Name, size and scale of a file, cut from the left where the name is long."""
    _, scale = page_cells(file, room)
    tail = f" {size_text(file.size)}" + (f" 1:{scale}" if scale > 1 else "")
    space = width - len(tail)
    name = file.name if len(file.name) <= space else _shorten(file.name, space)
    return fit(f"{name}{tail}", width)


def _shorten(name: str, space: int) -> str:
    """``journey-0/00000000000000000000.log`` to ``journey-0/0….log``, then from the left."""
    folder, slash, base = name.rpartition("/")
    stem, dot, ending = base.partition(".")
    short = f"{folder}{slash}{stem[:1]}…{dot}{ending}" if len(stem) > 2 else name
    return short if len(short) <= space else f"…{short[-max(space - 1, 1) :]}"


def draw_files(canvas: Canvas, rect: Rect, files: tuple[FileCache, ...]) -> None:
    """Draw as many files as there is room for, the latest first: a name, then its strip."""
    files = tuple(file for file in files if file.touched or _has_pages(file))
    if not files or rect.height < 1 or rect.width < 4:
        return
    if rect.height == 1:
        draw_strip(canvas, rect, files[0])
        return
    shown = files[: max(1, rect.height // 3)]
    share, spare = divmod(rect.height, len(shown))
    y = rect.y
    for number, file in enumerate(shown):
        tall = share + (spare if number == 0 else 0)
        strip = Rect(rect.x, y + 1, rect.width, tall - (2 if tall > 2 else 1))
        name = file_label(file, rect.width, strip.width * strip.height)
        canvas.text(rect.x, y, name, rect.width, TEXT if file.touched else DIM)
        draw_strip(canvas, strip, file)
        if tall > 2:
            below = y + 1 + min(-(-len(file.pages) // strip.width), strip.height)
            canvas.text(rect.x, below, count_line(file), rect.width, DIM)
        y += tall


def _has_pages(file: FileCache) -> bool:
    """Whether any page is known to be in the cache: files seen only to leave it are not shown."""
    return bool(file.pages.strip(bytes((PageState.UNKNOWN, PageState.ABSENT))))


def count_line(file: FileCache) -> str:
    """How many pages are in each state that any page is in."""
    counted = {
        name: sum(page & 7 == state for page in file.pages) for state, name in _NAMES.items()
    }
    counted["mapped"] = sum(bool(page & PageState.MAPPED) for page in file.pages)
    named = [(name, count) for name, count in counted.items() if count and name != "unknown"]
    return " · ".join(t(f"pages.{name}", count=count) for name, count in named)


def legend_cells() -> tuple[tuple[str, str, str], ...]:
    """Glyph, style and catalogue key of each page state, for the legend."""
    states = ("absent", "cached", "prefetched", "dirty", "writeback")
    rows = [(PAGE_LOOKS[s][0], PAGE_LOOKS[s][1], f"legend.page.{s}") for s in states]
    rows.append(("▒", f"underline {PINK}", "legend.page.mapped"))
    rows.append(("▒", f"bold {BRIGHT} on #4a4520", "legend.page.touched"))
    return tuple(rows)
