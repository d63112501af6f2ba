"""Where everything stands on the stage: three bands, and in them a box for each place.

::

    ── ring 3 ─────────────────────────────────────────────────────
     producer      broker: heap     broker: mapping       consumer
    ══ ring 0 ═════════════════════════════════════════════════════
     its socket    broker: socket   page cache            its socket
    ── hardware ───────────────────────────────────────────────────
     network device                 disk

A place of the trace (``Place.key``) is one box here. Heights are shared out so that a terminal of
80x24 shows every box with one line inside; below that boxes lose their frames, never their names.
"""

from collections.abc import Collection
from dataclasses import dataclass

from app.renderables.canvas import Rect
from traces.replay.frame import Frame, Place

LEFT, MIDDLE, RIGHT = "producer", "broker", "consumer"


@dataclass(frozen=True, slots=True)
class Cast:
    """Whose columns these are: the names of the left, the middle and the right process."""

    left: str
    middle: str
    right: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Boxes by name, the rows of the ring lines, and the lanes that paths run along.

    Box names: ``left``, ``heap``, ``mapping``, ``right``, ``left-socket``, ``socket``, ``cache``,
    ``right-socket``, ``nic``, ``disk``.
    """

    cast: Cast
    boxes: dict[str, Rect]
    ring3: int
    ring0: int
    hardware: int
    upper_lane: int
    lower_lane: int

    def box_of(self, place: Place) -> str | None:
        """The name of the box where this place is drawn; None for one with no box."""
        if place.kind in ("cache", "disk", "nic"):
            return place.kind
        side = _side(self.cast, place.owner)
        return _BOX.get((place.kind, side))


_BOX = {
    ("user", "left"): "left",
    ("user", "middle"): "heap",
    ("user", "right"): "right",
    ("mapping", "middle"): "mapping",
    ("socket", "left"): "left-socket",
    ("socket", "middle"): "socket",
    ("socket", "right"): "right-socket",
    ("pipe", "middle"): "socket",
    ("cpu", "left"): "left",
    ("cpu", "middle"): "heap",
    ("cpu", "right"): "right",
    ("mapping", "left"): "left",
    ("mapping", "right"): "right",
    ("pipe", "left"): "left-socket",
    ("pipe", "right"): "right-socket",
}


def _side(cast: Cast, owner: str) -> str:
    sides = {cast.left: "left", cast.middle: "middle", cast.right: "right"}
    return sides.get(owner, "")


def cast_of(frame: Frame) -> Cast:
    """Who is on stage. The middle belongs to the broker, or to the process of this event."""
    owner = owner_of(frame)
    middle = MIDDLE if owner in (LEFT, MIDDLE, RIGHT, "") else owner
    return Cast(LEFT, middle, RIGHT)


def owner_of(frame: Frame) -> str:
    """The owner that the places of this event's process carry; "" for nobody's context."""
    role, pid = frame.process.role, frame.process.pid
    if not pid:
        return ""
    return f"process {pid}" if role in ("", "process") else role


def _heights(height: int) -> tuple[int, int, int]:
    """Rows for the boxes of the three bands; five more rows are lines and lanes."""
    spare = height - 5
    if spare < 9:
        return (1, max(1, spare - 2), 1) if spare < 7 else (1, spare - 2, 1)
    user = 3 + min(4, (spare - 9) // 4)
    hardware = 3 + min(3, (spare - 9) // 6)
    return user, spare - user - hardware, hardware


def _columns(width: int) -> tuple[tuple[int, int], ...]:
    """Left edge and width of the four columns; the page cache gets what is over."""
    gap = 1 if width < 70 else 2
    side = max(8, min(18, (width - 3 * gap - 2) * 2 // 10))
    own = max(8, min(20, (width - 3 * gap - 2) * 2 // 9))
    rest = max(8, width - 2 - 3 * gap - 2 * side - own)
    edges = (1, 1 + side + gap, 1 + side + 2 * gap + own, 1 + side + 3 * gap + own + rest)
    return tuple(zip(edges, (side, own, rest, side), strict=True))


def build_scene(width: int, height: int, cast: Cast) -> Scene:
    """Share out ``width`` by ``height`` cells."""
    user, kernel, hardware = _heights(max(height, 8))
    left, own, rest, right = _columns(width)
    top = 1
    upper = top + user
    ring0 = upper + 1
    inside = ring0 + 1
    lower = inside + kernel
    line = lower + 1
    below = line + 1
    names = (
        ("left", "heap", "mapping", "right"),
        ("left-socket", "socket", "cache", "right-socket"),
    )
    boxes: dict[str, Rect] = {}
    for row, (y, tall) in zip(names, ((top, user), (inside, kernel)), strict=True):
        for name, (x, wide) in zip(row, (left, own, rest, right), strict=True):
            boxes[name] = Rect(x, y, wide, tall)
    boxes["nic"] = Rect(left[0], below, own[0] + own[1] - left[0], hardware)
    boxes["disk"] = Rect(rest[0], below, right[0] + right[1] - rest[0], hardware)
    return Scene(cast, boxes, 0, ring0, line, upper, lower)


def owners_seen(levels: Collection[str]) -> set[str]:
    """The owners in the keys of ``Frame.levels``."""
    return {key.partition(":")[2] for key in levels}
