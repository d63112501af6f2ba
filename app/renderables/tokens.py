"""What moves: paths, the token on them, arrows, and the fading trail of earlier moves."""

from collections.abc import Sequence

from rich.cells import cell_len

from app.renderables.canvas import Canvas
from app.renderables.palette import BACK, EVIDENCE_GLYPH, FAINT, LINE, LOOKS, Look
from app.renderables.route import Cell, route
from app.renderables.scene import Scene
from app.renderables.units import size_text
from traces.replay.frame import Move

_ARROWS = {(1, 0): "▶", (-1, 0): "◀", (0, 1): "▼", (0, -1): "▲"}
# Which two sides a corner joins: (right, down), (left, down), (right, up), (left, up).
_CORNERS = {
    frozenset({(1, 0), (0, 1)}): 0,
    frozenset({(-1, 0), (0, 1)}): 1,
    frozenset({(1, 0), (0, -1)}): 2,
    frozenset({(-1, 0), (0, -1)}): 3,
}


def path_of(scene: Scene, move: Move) -> tuple[Cell, ...]:
    """The way of a move over the stage; empty where an end has no box or nothing travels."""
    source, target = scene.box_of(move.source), scene.box_of(move.target)
    if move.how not in LOOKS or source is None or target is None or source == target:
        return ()
    return route(scene, source, target)


def _direction(here: Cell, there: Cell) -> tuple[int, int]:
    return there.x - here.x, there.y - here.y


def _glyph(path: Sequence[Cell], at: int, look: Look) -> str:
    ways = {_direction(path[at], path[n]) for n in (at - 1, at + 1) if 0 <= n < len(path)}
    corner = _CORNERS.get(frozenset(ways))
    if corner is not None:
        return look.corners[corner]
    return look.down if any(dy for _, dy in ways) else look.across


def draw_path(canvas: Canvas, path: Sequence[Cell], look: Look, style: str) -> None:
    """Draw the line of a path; it ends in an arrow head."""
    for at, cell in enumerate(path[:-1]):
        canvas.put(cell.x, cell.y, _glyph(path, at, look), style)
    if len(path) > 1:
        head = _ARROWS[_direction(path[-2], path[-1])]
        canvas.put(path[-1].x, path[-1].y, head, style)


def token_text(move: Move, *, short: bool) -> str:
    """The token: how it moves, how much, how we know. ``█● 64 KiB █``."""
    glyph = EVIDENCE_GLYPH[move.evidence]
    body = LOOKS[move.how].body
    size = f" {size_text(move.size, short=short)} " if move.size else ""
    return f"{body[0]}{glyph}{size}{body[-1]}"


def draw_trail(canvas: Canvas, scene: Scene, trail: Sequence[Sequence[Move]]) -> None:
    """Draw the ways of earlier steps, fading: the newest a little brighter than the rest."""
    for age in range(len(trail) - 1, -1, -1):
        for move in trail[age]:
            style = LINE if age == 0 else FAINT
            if path := path_of(scene, move):
                draw_path(canvas, path, LOOKS[move.how], style)


def draw_move(canvas: Canvas, scene: Scene, move: Move, progress: float) -> None:
    """Draw one move of this step: its way, and its token at ``progress`` (0 to 1) along it."""
    path = path_of(scene, move)
    if not path:
        return
    look = LOOKS[move.how]
    draw_path(canvas, path, look, look.colour if progress >= 1 else f"dim {look.colour}")
    at = min(int(progress * len(path)), len(path) - 1)
    if progress < 1:
        for index in range(at + 1):
            cell = path[index]
            canvas.put(cell.x, cell.y, _glyph(path, index, look), look.colour)
    _draw_token(canvas, path, at if progress < 1 else _resting(path), move)


def _resting(path: Sequence[Cell]) -> int:
    """Where a token rests when all has moved: the middle of the way."""
    return len(path) // 2


def _draw_token(canvas: Canvas, path: Sequence[Cell], at: int, move: Move) -> None:
    text = token_text(move, short=canvas.width < 90)
    width = cell_len(text)
    x = min(max(path[at].x - width // 2, 0), max(canvas.width - width, 0))
    look = LOOKS[move.how]
    edge = f"bold {look.colour} on {BACK}"
    inside = f"bold {BACK} on {look.colour}" if move.how == "copy" else edge
    x = canvas.put(x, path[at].y, text[0], edge)
    x = canvas.put(x, path[at].y, text[1:-1], inside)
    canvas.put(x, path[at].y, text[-1], edge)
