"""The counters, and the legend: label and value pairs that flow into the width there is."""

from collections.abc import Sequence

from rich.cells import cell_len

from app.i18n import has, t
from app.moment import View
from app.renderables.canvas import Canvas
from app.renderables.pages import legend_cells
from app.renderables.palette import (
    BRIGHT,
    CROSSING,
    DIM,
    EVIDENCE_GLYPH,
    LOOKS,
    PANEL,
    TEXT,
)
from app.renderables.units import bytes_text, count_text
from traces.replay.frame import Counters
from traces.trace_file import TraceHeader

Pair = tuple[str, str]


def _joined(key: str, texts: dict[str, str]) -> str:
    """The text under ``key``; one "not seen" where all of its figures are unseen."""
    unseen = t("counters.unseen")
    return unseen if set(texts.values()) == {unseen} else t(key, **texts)


def counter_pairs(counters: Counters) -> tuple[Pair, ...]:
    """Label and value of each counter; what no probe could see is said so, never 0."""
    c = counters
    cache = {"hits": c.hits, "misses": c.misses, "prefetched": c.prefetched}
    faults = {"minor": c.minor, "major": c.major}
    copies = {"count": count_text(c.copies), "size": bytes_text(c.copied_bytes)}
    dma = {"read": bytes_text(c.dma_read), "write": bytes_text(c.dma_write)}
    return (
        (t("counters.crossings"), count_text(c.crossings)),
        (t("counters.copies"), _joined("counters.copies_value", copies)),
        (t("counters.reference"), bytes_text(c.reference_bytes)),
        (t("counters.cache"), _joined("counters.cache_value", _counts(cache))),
        (t("counters.faults"), _joined("counters.faults_value", _counts(faults))),
        (t("counters.switches"), count_text(c.context_switches)),
        (t("counters.dma"), _joined("counters.dma_value", dma)),
    )


def _counts(values: dict[str, int | None]) -> dict[str, str]:
    return {key: count_text(value) for key, value in values.items()}


def draw_counters(view: View, header: TraceHeader | None, width: int, height: int) -> Canvas:
    """Draw the counters as a grid where there is room for one, else flowing."""
    canvas = Canvas(width, height, PANEL)
    pairs = counter_pairs(view.frame.counters)
    label = max(cell_len(name) for name, _ in pairs)
    value = max(cell_len(text) for _, text in pairs)
    columns = max(1, (width - 1) // (label + value + 5))
    rows = -(-len(pairs) // columns)
    if rows <= height:
        for number, (name, text) in enumerate(pairs):
            column, y = divmod(number, rows)
            x = 1 + column * (label + value + 5)
            canvas.put(x, y, name, DIM)
            _value(canvas, x + label + 2, y, text)
    else:
        rows = _flow(canvas, pairs)
    if header is not None and rows < height:
        _provenance(canvas, rows, header)
    return canvas


def _value(canvas: Canvas, x: int, y: int, text: str) -> int:
    seen = text != t("counters.unseen")
    return canvas.put(x, y, text, f"bold {BRIGHT}" if seen else f"italic {DIM}")


def _flow(canvas: Canvas, pairs: Sequence[Pair]) -> int:
    x, y = 1, 0
    for name, text in pairs:
        need = cell_len(name) + cell_len(text) + 1
        if x > 1 and x + need > canvas.width:
            x, y = 1, y + 1
        after = canvas.put(x, y, f"{name} ", DIM)
        x = _value(canvas, after, y, text) + 3
    return y + 1


def _provenance(canvas: Canvas, y: int, header: TraceHeader) -> None:
    x = canvas.put(1, y, t("counters.probe", probe=header.probe), TEXT)
    blind = [_capability(key) for key, sees in header.capabilities.items() if not sees]
    if blind:
        text = t("counters.gaps", gaps=", ".join(blind))
        canvas.text(x + 2, y, text, canvas.width - x - 3, DIM)


def _capability(key: str) -> str:
    """What a probe can see, in words; a key that a later version brings stays as it is."""
    return t(f"capability.{key}") if has(f"capability.{key}") else key


def _legend_items(*, short: bool) -> list[tuple[str, str, str]]:
    part = "legend.short" if short else "legend"
    items = [
        (look.body if short else look.sample, f"bold {look.colour}", f"{part}.{look.key}")
        for look in LOOKS.values()
    ]
    items.append(("▼▲", f"bold #11151c on {CROSSING}", f"{part}.crossing"))
    items += [(glyph, TEXT, f"{part}.{evidence}") for evidence, glyph in EVIDENCE_GLYPH.items()]
    return items if short else items + list(legend_cells())


def draw_legend(width: int, height: int) -> Canvas:
    """Draw the legend: all of it where it fits, the moves and their evidence in one line."""
    canvas = Canvas(width, height, PANEL)
    short = height < 2
    x, y = 1, 0
    for sample, style, key in _legend_items(short=short):
        text = t(key)
        need = cell_len(sample) + cell_len(text) + 1
        if x > 1 and x + need > width:
            x, y = 1, y + 1
        after = canvas.put(x, y, sample, style)
        x = canvas.put(after + 1, y, text, DIM) + 2
    return canvas
