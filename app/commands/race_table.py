"""The race as one table."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import rich.box
import rich.table

from app.commands.tables import NOT_SEEN, number, part, size

Row = dict[str, Any]


def race_table(rows: Sequence[Row], caption: str) -> rich.table.Table:
    """A column for each mode and cache state, a line for each figure."""
    table = rich.table.Table(
        title="The same bytes, by different ways (the broker alone)",
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=rich.box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(f"{row['mode']}\n{row['cache']}", justify="right", min_width=6)
    for name, cell in LINES:
        table.add_row(name, *(cell(row) for row in rows))
    equal = checksums_equal(rows)
    table.add_row("checksum", *("equal" if equal else row["checksum"][:8] for row in rows))
    return table


def checksums_equal(rows: Sequence[Row]) -> bool:
    """Whether every run of every mode delivered the same bytes."""
    return len({(row["checksum"], row["bytes"]) for row in rows}) <= 1


def copied_bytes(row: Row) -> int | None:
    """Bytes copied by the CPU, of all kinds; None if no copy could be seen."""
    copies = row["copies"]
    return None if copies is None else sum(int(copy["bytes"]) for copy in copies)


def copied_to_user(row: Row) -> int | None:
    """Bytes copied from the page cache to user space; None if no copy could be seen."""
    copies = row["copies"]
    if copies is None:
        return None
    ends = ("page cache", "user")
    return sum(int(copy["bytes"]) for copy in copies if (copy["from"], copy["to"]) == ends)


def _system_calls(row: Row) -> str:
    calls = row["syscalls"]
    return NOT_SEEN if calls is None else number(sum(call["calls"] for call in calls.values()))


def _evidence(row: Row) -> str:
    return (row["by_reference_evidence"] or "") if row["by_reference_bytes"] else ""


LINES: Final[tuple[tuple[str, Callable[[Row], str]], ...]] = (
    ("bytes delivered", lambda row: size(row["bytes"])),
    ("system calls", _system_calls),
    ("mode switches", lambda row: number(row["mode_switches"])),
    ("copied by the CPU", lambda row: size(copied_bytes(row))),
    ("  cache to user", lambda row: size(copied_to_user(row))),
    ("by reference", lambda row: size(row["by_reference_bytes"])),
    ("  how we know", _evidence),
    ("pages: hits", lambda row: number(part(row, "page_cache", "hits"))),
    ("pages: misses", lambda row: number(part(row, "page_cache", "misses"))),
    ("pages: prefetched", lambda row: number(part(row, "page_cache", "prefetched"))),
    ("faults, minor", lambda row: number(part(row, "faults", "minor"))),
    ("faults, major", lambda row: number(part(row, "faults", "major"))),
    ("context switches", lambda row: number(row["context_switches"])),
    ("disk to memory", lambda row: size(part(row, "dma", "read_bytes"))),
    ("CPU s per GB *", lambda row: f"{row['cpu_s_per_gb']:.3f}"),
    ("wall s *", lambda row: f"{row['wall_s']:.3f}"),
)
