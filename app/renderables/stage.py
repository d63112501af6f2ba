"""The stage: rings, boxes, page cache, and what this event moved. Draws a View, decides nothing.

A solid orange line is a CPU copy, a dotted teal one a hand-over of pages, a double blue one a
device's DMA, a thin pink one a page fault. ``●`` a probe saw it, ``◐`` a rule derives it, ``○`` the
kernel's documentation says so. A crossing lights the ring line in the column of its process.
"""

from rich.cells import cell_len

from app.i18n import t
from app.moment import View
from app.renderables.canvas import Canvas, Rect
from app.renderables.pages import draw_files
from app.renderables.palette import BRIGHT, CROSSING, DIM, FAINT, LINE, LOOKS, TEXT
from app.renderables.scene import Cast, Scene, build_scene, cast_of, owner_of
from app.renderables.tokens import draw_move, draw_trail
from app.renderables.units import count_text, size_text
from traces.replay.frame import Frame, Level, Move

_KEYS = {
    "left": "user:{left}",
    "heap": "user:{middle}",
    "mapping": "mapping:{middle}",
    "right": "user:{right}",
    "left-socket": "socket:{left}",
    "socket": "socket:{middle}",
    "right-socket": "socket:{right}",
}


def draw_stage(view: View, width: int, height: int, progress: float = 1.0) -> Canvas:
    """Draw the moment on ``width`` by ``height`` cells; ``progress`` of this event's motion, 0 to 1."""
    canvas = Canvas(width, height)
    frame = view.frame
    scene = build_scene(width, height, cast_of(frame))
    _rings(canvas, scene)
    _boxes(canvas, scene, frame)
    draw_trail(canvas, scene, view.trail)
    moving = [move for move in frame.moves if move.how in LOOKS]
    for number, move in enumerate(moving):
        share = min(max(progress * len(moving) - number, 0.0), 1.0)
        if share > 0:
            draw_move(canvas, scene, move, share)
    _crossing(canvas, scene, frame)
    return canvas


def _rings(canvas: Canvas, scene: Scene) -> None:
    rows = (
        (scene.ring3, "─", "stage.ring3", LINE),
        (scene.ring0, "━", "stage.ring0", f"{LINE}"),
        (scene.hardware, "─", "stage.hardware", LINE),
    )
    for y, glyph, key, style in rows:
        canvas.across(0, y, canvas.width, glyph, style)
        canvas.put(1, y, f" {t(key)} ", f"bold {DIM}")


def _level(frame: Frame, cast: Cast, name: str) -> Level:
    """What went through a box: one key of the trace's levels, or all files' together."""
    if name in _KEYS:
        key = _KEYS[name].format(left=cast.left, middle=cast.middle, right=cast.right)
        return frame.levels.get(key, Level())
    parts = [level for key, level in frame.levels.items() if key.startswith(f"{name}:")]
    return Level(sum(p.arrived for p in parts), sum(p.left for p in parts))


def _ends(frame: Frame, scene: Scene) -> set[str | None]:
    moves = [m for m in frame.moves if m.how in (*LOOKS, "dirty")]
    return {scene.box_of(place) for m in moves for place in (m.source, m.target)}


def _title(name: str, cast: Cast, width: int) -> str:
    owner = {"left": cast.left, "right": cast.right}.get(name.partition("-")[0], cast.middle)
    known = owner in ("producer", "broker", "consumer")
    who = t(f"role.{owner}") if known else owner
    short = ".short" if width < 24 else ""
    return t(f"stage.box.{name}{short}", who=who)


def _boxes(canvas: Canvas, scene: Scene, frame: Frame) -> None:
    active = _ends(frame, scene)
    levels = {name: _level(frame, scene.cast, name) for name in scene.boxes}
    most = max((level.total for level in levels.values()), default=0)
    for name, rect in scene.boxes.items():
        lit = name in active
        title = _title(name, scene.cast, rect.width)
        canvas.box(rect, TEXT if lit else LINE, title, f"bold {BRIGHT}" if lit else TEXT)
        inner = _inner(rect, title)
        if name == "cache" and rect.height > 1:
            draw_files(canvas, inner, frame.files)
        else:
            _amount(canvas, inner, levels[name], most, lit=lit)
        if name in ("nic", "disk") and not levels[name].total:
            canvas.text(inner.x, inner.y, t("stage.no_dma"), inner.width, DIM)


def _inner(rect: Rect, title: str) -> Rect:
    if rect.height < 2:
        used = cell_len(title) + 1
        return Rect(rect.x + used, rect.y, max(rect.width - used, 0), 1)
    return Rect(rect.x + 2, rect.y + 1, max(rect.width - 4, 1), max(rect.height - 2, 1))


def _amount(canvas: Canvas, rect: Rect, level: Level, most: int, *, lit: bool) -> None:
    """A bar on the scale of the fullest box, and the bytes; with two rows, in and out apart."""
    short = rect.width < 16
    style = BRIGHT if lit else TEXT
    if not level.total:
        canvas.text(rect.x, rect.y, t("stage.nothing"), rect.width, FAINT)
        return
    total = size_text(level.total, short=short)
    if cell_len(total) > rect.width:
        return
    bar = max(rect.width - cell_len(total) - 1, 0)
    if bar >= 3:
        filled = max(1, round(bar * level.total / max(most, 1)))
        canvas.put(rect.x, rect.y, "▰" * filled, DIM if not lit else TEXT)
        canvas.put(rect.x + filled, rect.y, "▱" * (bar - filled), FAINT)
    canvas.text(rect.right - cell_len(total) + 1, rect.y, total, rect.width, style)
    ways = ((t("stage.in"), level.arrived), (t("stage.out"), level.left))
    seen = [(word, amount) for word, amount in ways if amount]
    for row, (word, amount) in enumerate(seen, start=1):
        if row < rect.height:
            canvas.text(
                rect.x, rect.y + row, f"{word} {size_text(amount, short=short)}", rect.width, DIM
            )


def _crossing(canvas: Canvas, scene: Scene, frame: Frame) -> None:
    """Light the ring line where a thread is inside the kernel, brightest as it crosses."""
    column = {scene.cast.left: "left", scene.cast.right: "right"}.get(owner_of(frame), "heap")
    rect = scene.boxes[column]
    crossed = next((move for move in frame.moves if move.how.startswith("crossing")), None)
    inside = frame.syscall is not None and frame.syscall.ret is None
    if crossed is None and not inside:
        return
    sign = _sign(crossed)
    name = frame.syscall.name if frame.syscall else ""
    count = frame.counters.crossings
    label = f"{sign} {name} {sign} #{count_text(count)}" if crossed and count else f"{sign} {name}"
    label = label.strip()
    free = cell_len(t("stage.ring0")) + 4
    start = max(min(max(rect.x, free), canvas.width - cell_len(label) - 2), 0)
    style = f"bold #11151c on {CROSSING}" if crossed else CROSSING
    canvas.across(start, scene.ring0, max(rect.width, cell_len(label) + 2), "━", CROSSING)
    canvas.put(start + 1, scene.ring0, f" {label} ", style)


def _sign(move: Move | None) -> str:
    if move is None:
        return ""
    return "▼" if move.how == "crossing-in" else "▲"
