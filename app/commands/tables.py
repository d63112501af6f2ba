"""Statistics as rich tables. What a probe could not see is shown as such, never as 0."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import rich.table

NOT_SEEN: Final = "not seen"

Figures = Mapping[str, Any]
"""The object that ``kafkascope stats --json`` prints."""


def number(value: float | None) -> str:
    """A count with thin groups of three, or "not seen"."""
    return NOT_SEEN if value is None else f"{value:,}".replace(",", " ")


def size(value: float | None) -> str:
    """Bytes in the unit that reads best, or "not seen"."""
    if value is None:
        return NOT_SEEN
    if value < 1024:
        return f"{int(value)} B"
    for unit in ("KiB", "MiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} GiB"


def duration(nanoseconds: float | None) -> str:
    """Nanoseconds as microseconds or milliseconds, or "not seen"."""
    if nanoseconds is None:
        return NOT_SEEN
    micro = nanoseconds / 1000
    return f"{micro:.0f} µs" if micro < 10_000 else f"{micro / 1000:.0f} ms"


def part(figures: Figures, *keys: str) -> Any:
    """The value under nested keys; None as soon as one level was not seen."""
    value: Any = figures
    for key in keys:
        if value is None:
            return None
        value = value.get(key)
    return value


def syscall_table(figures: Figures, limit: int = 15) -> rich.table.Table:
    """System calls by count, the first ``limit`` of them; the caption says what is left out."""
    table = _table("System calls", ("call", "calls", "errors", "bytes", "in the call"))
    calls = part(figures, "syscalls")
    if calls is None:
        table.caption = "System calls: " + NOT_SEEN
        return table
    ranked = sorted(calls.items(), key=lambda item: (-item[1]["calls"], item[0]))
    for name, row in ranked[:limit]:
        table.add_row(
            name,
            number(row["calls"]),
            number(row["errors"]),
            size(row["bytes"]) if row["bytes"] else "",
            duration(row["total_ns"]),
        )
    left = sum(row["calls"] for _, row in ranked[limit:])
    if left:
        table.caption = f"and {number(left)} calls of {len(ranked) - limit} other kinds"
    return table


def copy_table(figures: Figures) -> rich.table.Table:
    """Every kind of copy of each process, with its evidence; the caption tells the hand-overs."""
    table = _table("Copies by the CPU", ("who", "from", "to", "bytes", "times", "how we know"))
    for column in (1, 2, 5):
        table.columns[column].justify = "left"
    for who, row in copies_by_process(figures):
        table.add_row(
            who, row["from"], row["to"], size(row["bytes"]), number(row["count"]), row["evidence"]
        )
    if part(figures, "copies") is None:
        table.caption = f"copies: {NOT_SEEN}"
    else:
        handed = size(part(figures, "by_reference_bytes"))
        evidence = part(figures, "by_reference_evidence")
        table.caption = f"by reference, without a copy: {handed}" + (
            f" ({evidence})" if evidence else ""
        )
    return table


def copies_by_process(figures: Figures) -> list[tuple[str, Mapping[str, Any]]]:
    """Each row of ``copies`` with the role (or the name) of the process it belongs to."""
    return [
        (process["role"] if process["role"] != "process" else process["name"], row)
        for process in part(figures, "by_process") or ()
        for row in process["copies"] or ()
    ]


def counter_table(figures: Figures) -> rich.table.Table:
    """The single counters: crossings, switches, faults, page cache, DMA."""
    table = _table("Kernel", ("what", "count"))
    counts = {
        "mode switches (into the kernel and back)": number(part(figures, "mode_switches")),
        "context switches": number(part(figures, "context_switches")),
        "page faults, minor": number(part(figures, "faults", "minor")),
        "page faults, major": number(part(figures, "faults", "major")),
        "page cache: hits": number(part(figures, "page_cache", "hits")),
        "page cache: misses": number(part(figures, "page_cache", "misses")),
        "page cache: found, prefetched before": number(part(figures, "page_cache", "prefetched")),
        "disk to memory (DMA)": size(part(figures, "dma", "read_bytes")),
        "memory to disk (DMA)": size(part(figures, "dma", "write_bytes")),
        "events": number(part(figures, "events")),
        "events lost": number(part(figures, "lost")),
    }
    for name, text in counts.items():
        table.add_row(name, text)
    return table


def all_tables(figures: Figures) -> tuple[rich.table.Table, ...]:
    """The tables of one trace, in the order in which they are read."""
    return syscall_table(figures), copy_table(figures), counter_table(figures)


def _table(title: str, headings: Sequence[str]) -> rich.table.Table:
    table = rich.table.Table(title=title, title_justify="left", caption_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    return table
