"""A row a thread, a column for so many steps: idle time takes no room, and every step has its place.

Kernel time is filled with its family's glyph and colour, ``!`` is a fault and ``¦`` a switch of
context. The column of the playhead is lit; chapters have their names above.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass

from rich.cells import cell_len

from app.i18n import t
from app.moment import OpenedTrace, View
from app.renderables.canvas import Canvas, fit
from app.renderables.palette import BRIGHT, CROSSING, DIM, FAINT, FAMILY_LOOKS, LINE, PINK, TEXT
from app.renderables.units import time_text
from app.renderables.words import chapter_word, owner_word
from traces.replay.frame import Lane

_WAIT = "wait"
LABEL = 20
# kafka.network.SocketServer and kafka.server.KafkaRequestHandlerPool name their threads so.
# The number that tells two of them apart comes last; an acceptor's is its port.
_KAFKA_THREAD = re.compile(r"-(?:(acceptor)\b|(network|handler).*-(\d+)$)")


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A thread's row: its label's words, and glyph and colour by column."""

    tid: int
    role: str
    name: str
    busy: int
    cells: tuple[tuple[str, str], ...]


def label_width(width: int) -> int:
    """How many cells the labels take at the left."""
    return LABEL if width >= 70 else max(0, min(12, width // 4))


def column_of(times: tuple[int, ...], ts: int, room: int) -> int:
    """The column of a moment: its place among the steps' times, on ``room`` columns."""
    place = bisect_left(times, ts)
    return min(place * room // max(len(times), 1), max(room - 1, 0))


def _row(lane: Lane, times: tuple[int, ...], room: int) -> LaneRow:
    cells = [("─", FAINT)] * room
    busy = 0
    for interval in lane.intervals:
        first = column_of(times, interval.start, room)
        last = column_of(times, interval.end or interval.start, room)
        waits = interval.family == _WAIT
        busy += not waits
        for column in range(first, last + 1):
            if not waits or cells[column][0] == "─":
                cells[column] = FAMILY_LOOKS[interval.family]
    for mark in lane.marks:
        if mark.kind.startswith("fault") and room:
            cells[column_of(times, mark.ts, room)] = ("!", PINK)
        elif mark.kind == "switch-disk" and room:
            cells[column_of(times, mark.ts, room)] = ("¦", CROSSING)
    return LaneRow(lane.tid, lane.role, lane.name or str(lane.tid), busy, tuple(cells))


def lane_rows(trace: OpenedTrace, room: int) -> tuple[LaneRow, ...]:
    """Return the rows of all threads for ``room`` columns; costly, so keep the answer."""
    return tuple(_row(lane, trace.times, room) for lane in trace.lanes if lane.pid)


def _chosen(rows: tuple[LaneRow, ...], tid: int, count: int) -> list[LaneRow]:
    """The busiest rows that fit, in their own order; the playhead's thread is always among them."""
    ranked = sorted(rows, key=lambda row: (row.tid != tid, -row.busy))[: max(count, 0)]
    return [row for row in rows if row in ranked]


def draw_timeline(
    trace: OpenedTrace, rows: tuple[LaneRow, ...], view: View, width: int, height: int
) -> Canvas:
    """Draw the chapters, then as many threads as there are rows left."""
    canvas = Canvas(width, height)
    left = label_width(width)
    room = max(width - left - 1, 1)
    cursor = column_of(trace.times, view.frame.ts, room)
    _chapters(canvas, trace, view, left, room)
    for y, row in enumerate(_chosen(rows, view.frame.thread.tid, height - 1), start=1):
        here = row.tid == view.frame.thread.tid
        label = f"{owner_word(row.role)} {thread_word(row.name)}"
        canvas.text(1, y, label, left - 2, f"bold {BRIGHT}" if here else DIM)
        for column, (glyph, colour) in enumerate(row.cells[:room]):
            style = f"{colour} on #4a4520" if column == cursor else colour
            canvas.put(left + column, y, glyph, style)
        if here:
            canvas.put(left + cursor, y, "◆", f"bold {BRIGHT} on #4a4520")
    return canvas


def thread_word(name: str) -> str:
    """A thread's short name: the words that tell one Kafka thread from the next come last there."""
    if found := _KAFKA_THREAD.search(name):
        return " ".join(part for part in found.groups() if part)
    return "main" if name == "MainThread" else name


def _chapters(canvas: Canvas, trace: OpenedTrace, view: View, left: int, room: int) -> None:
    frame = view.frame
    now, whole = frame.ts - frame.start_ts, frame.end_ts - frame.start_ts
    clock = t("timeline.at", now=time_text(now), whole=time_text(whole))
    canvas.text(1, 0, clock if cell_len(clock) <= left - 2 else time_text(now), left - 2, TEXT)
    canvas.across(left, 0, room, "─", LINE)
    after = left
    for number, chapter in enumerate(trace.chapters):
        x = left + column_of(trace.times, chapter.ts, room)
        following = trace.chapters[number + 1 :]
        end = left + (column_of(trace.times, following[0].ts, room) if following else room)
        here = chapter.text == frame.chapter
        if x >= after:
            text = fit(f"▾{chapter_word(chapter.text)}", max(end - x - 1, 1))
            after = canvas.put(x, 0, text, f"bold {CROSSING}" if here else DIM)
    canvas.put(left + column_of(trace.times, frame.ts, room), 0, "▼", f"bold {BRIGHT}")


def step_at(trace: OpenedTrace, x: int, width: int) -> int | None:
    """The step under column ``x`` of a timeline ``width`` wide; None left of the lanes."""
    left = label_width(width)
    room = max(width - left - 1, 1)
    if x < left or not trace.steps:
        return None
    return min((x - left) * len(trace.steps) // room, len(trace.steps) - 1)
