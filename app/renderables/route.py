"""Paths between boxes: orthogonal, along the lanes between the bands, never through a box."""

from typing import NamedTuple

from app.renderables.canvas import Rect
from app.renderables.scene import Scene


class Cell(NamedTuple):
    """One cell of a path."""

    x: int
    y: int


def _line(start: Cell, end: Cell) -> list[Cell]:
    """The cells from ``start`` to ``end`` (same row or same column), ``start`` left out."""
    dx = (end.x > start.x) - (end.x < start.x)
    dy = (end.y > start.y) - (end.y < start.y)
    length = max(abs(end.x - start.x), abs(end.y - start.y))
    return [Cell(start.x + dx * step, start.y + dy * step) for step in range(1, length + 1)]


def _join(*corners: Cell) -> tuple[Cell, ...]:
    path = [corners[0]]
    for corner in corners[1:]:
        path += _line(path[-1], corner)
    return tuple(path)


def _band(scene: Scene, box: Rect) -> int:
    """0 for ring 3, 1 for ring 0, 2 for hardware."""
    return 0 if box.y < scene.ring0 else 1 if box.y < scene.hardware else 2


def route(scene: Scene, source: str, target: str) -> tuple[Cell, ...]:
    """Return the cells from one box's edge to the other's.

    Ports stand near a box's right edge, clear of its title, with what comes in left of what goes
    out, so that the two ways between the same boxes do not lie on each other.
    """
    start, end = scene.boxes[source], scene.boxes[target]
    here, there = _band(scene, start), _band(scene, end)
    out_x, in_x = _port(start, leaving=True), _port(end, leaving=False)
    if here == there:
        lane = scene.upper_lane if here == 0 else scene.lower_lane
        edge = start.bottom if here < 2 else start.y
        arrive = end.bottom if there < 2 else end.y
        return _join(Cell(out_x, edge), Cell(out_x, lane), Cell(in_x, lane), Cell(in_x, arrive))
    lane = scene.upper_lane if 0 in (here, there) else scene.lower_lane
    edge, arrive = (start.bottom, end.y) if here < there else (start.y, end.bottom)
    if {here, there} == {0, 2}:
        lane = scene.lower_lane
    return _join(Cell(out_x, edge), Cell(out_x, lane), Cell(in_x, lane), Cell(in_x, arrive))


def _port(box: Rect, *, leaving: bool) -> int:
    first, second = (3, 6) if box.width >= 24 else (2, 4)
    return box.right - (first if leaving else second)
