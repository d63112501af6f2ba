"""The status line at the top and the keys at the bottom."""

from typing import TypeAlias

from rich.cells import cell_len

from app.i18n import t
from app.moment import OpenedTrace, View
from app.renderables.canvas import Canvas
from app.renderables.palette import BRIGHT, CROSSING, DIM, ORANGE, TEAL, TEXT
from app.renderables.words import chapter_word

Hint: TypeAlias = tuple[str, str]
"""A key as it is shown, and the catalogue's key of the word for what it does."""


def _right_side(view: View, transport: tuple[bool, float]) -> list[tuple[str, str]]:
    playing, speed = transport
    mode = t("status.all") if view.all_events else t("status.story")
    event = t("status.event", event=view.frame.position + 1, total=view.frame.total)
    return [
        (t("status.step", step=view.step + 1, steps=view.steps), f"bold {BRIGHT}"),
        (t("status.playing") if playing else t("status.paused"), TEAL if playing else DIM),
        (t("status.speed", speed=f"{speed:g}"), TEXT),
        (mode, TEXT),
        (event, DIM),
    ]


def draw_status(
    canvas: Canvas,
    trace: OpenedTrace | None,
    view: View | None,
    problem: str,
    transport: tuple[bool, float],
) -> Canvas:
    """Draw name, chapter and notices at the left, the playhead at the right."""
    if problem or trace is None or view is None:
        text = problem or (t("status.empty") if trace and not trace.total else t("status.loading"))
        canvas.text(1, 0, text, canvas.width - 2, ORANGE if problem else TEXT)
        return canvas
    right = canvas.width
    for text, style in _kept(_right_side(view, transport), canvas.width - 16):
        right -= cell_len(text) + 2
        canvas.put(right, 0, text, style)
    x = canvas.text(
        1,
        0,
        chapter_word(view.frame.chapter) or t("status.nochapter"),
        right - 3,
        f"bold {CROSSING}",
    )
    notices = [trace.name]
    if trace.cut:
        notices.append(t("status.cut", reason=trace.cut))
    if trace.lost:
        notices.append(t("counters.lost", count=trace.lost))
    canvas.text(x + 2, 0, " · ".join(notices), right - x - 4, DIM)
    return canvas


def _kept(items: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """The items that fit, the first ones first, in the order of drawing from the right."""
    kept: list[tuple[str, str]] = []
    for text, style in items:
        room -= cell_len(text) + 2
        if room < 0 and kept:
            break
        kept.append((text, style))
    return kept


def draw_hints(canvas: Canvas, hints: tuple[Hint, ...]) -> Canvas:
    """Draw keys with their words until the line is full."""
    x = 1
    for key, word in hints:
        text = t(word)
        if x + cell_len(key) + cell_len(text) + 2 > canvas.width:
            continue
        x = canvas.put(x, 0, key, f"bold {CROSSING}")
        x = canvas.put(x + 1, 0, text, DIM) + 2
    return canvas
