"""Plots of statistics with matplotlib: one trace's copies and crossings, and the race."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.commands.tables import Figures, copies_by_process, part, size

# Okabe and Ito's palette: told apart by colour-blind readers too.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
BARS: Final = 12


def plot_trace(figures: Figures, path: Path, title: str) -> None:
    """Copies by kind, hand-overs and crossings by system call, as PNG or SVG by the suffix."""
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    figure.suptitle(title)
    copies, crossings = figure.subplots(1, 2)
    _copies(copies, figures)
    _crossings(crossings, figures)
    figure.savefig(path)


def plot_race(rows: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """Bytes copied and handed over, crossings, CPU time: a bar for each mode and cache state."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    figure.suptitle(title)
    moved, crossings, cpu = figure.subplots(1, 3, sharey=True)
    labels = [f"{row['mode']}, {row['cache']}" for row in rows]
    places = range(len(rows))
    copied = [sum(copy["bytes"] for copy in row["copies"] or ()) / 2**20 for row in rows]
    handed = [(row["by_reference_bytes"] or 0) / 2**20 for row in rows]
    moved.barh(places, copied, color=ORANGE, hatch="//", label="copied by the CPU")
    moved.barh(places, handed, left=copied, color=GREEN, label="by reference")
    moved.set_yticks(places, labels)
    moved.invert_yaxis()
    moved.set_xlabel("MiB")
    moved.legend(loc="lower right", fontsize="small")
    _bars(crossings, [row["mode_switches"] for row in rows], "mode switches")
    _bars(cpu, [row["cpu_s_per_gb"] for row in rows], "CPU seconds per GB (not traced)")
    figure.savefig(path)


def _bars(axes: Axes, values: Sequence[float | None], label: str) -> None:
    drawn = axes.barh(range(len(values)), [value or 0 for value in values], color=BLUE)
    axes.bar_label(
        drawn,
        ["not seen" if value is None else f"{value:.4g}" for value in values],
        padding=3,
    )
    axes.margins(x=0.25)
    axes.set_xlabel(label)


def _copies(axes: Axes, figures: Figures) -> None:
    rows = copies_by_process(figures)
    names = [f"{who}: {row['from']} → {row['to']}\n({row['evidence']})" for who, row in rows]
    values = [row["bytes"] for _, row in rows]
    colours = [ORANGE] * len(rows)
    if handed := part(figures, "by_reference_bytes"):
        names.append(f"by reference: no copy\n({part(figures, 'by_reference_evidence')})")
        values.append(handed)
        colours.append(GREEN)
    drawn = axes.barh(names, values, color=colours)
    axes.bar_label(drawn, [size(value) for value in values], padding=3)
    _finish(axes, "bytes", names, "copies: not seen")


def _crossings(axes: Axes, figures: Figures) -> None:
    calls = part(figures, "syscalls") or {}
    ranked = sorted(calls.items(), key=lambda item: -item[1]["calls"])[:BARS]
    names = [name for name, _ in ranked]
    drawn = axes.barh(names, [row["calls"] for _, row in ranked], color=BLUE)
    axes.bar_label(drawn, padding=3)
    _finish(axes, "crossings into the kernel, by system call", names, "system calls: not seen")


def _finish(axes: Axes, label: str, names: Sequence[str], empty: str) -> None:
    axes.set_xlabel(label)
    axes.margins(x=0.25)
    if names:
        axes.invert_yaxis()
    else:
        axes.text(0.5, 0.5, empty, ha="center", transform=axes.transAxes)
