"""Figures as people read them: sizes, counts, times."""

from app.i18n import t

_STEPS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_SHORT = {"GiB": "G", "MiB": "M", "KiB": "K"}


def size_text(size: int, *, short: bool = False) -> str:
    """Return bytes as ``64 KiB``, or ``64K`` where space is dear."""
    for unit, step in _STEPS:
        if size >= step:
            number = size / step
            figure = f"{number:.0f}" if size % step == 0 or number >= 100 else f"{number:.1f}"
            return f"{figure}{_SHORT[unit]}" if short else f"{figure} {unit}"
    return f"{size}B" if short else f"{size} B"


def count_text(count: int | None) -> str:
    """Return a count with thin groups, or the words for what no probe could see."""
    return t("counters.unseen") if count is None else f"{count:,}".replace(",", " ")


def bytes_text(size: int | None) -> str:
    """Return a size, or the words for what no probe could see."""
    return t("counters.unseen") if size is None else size_text(size)


def time_text(nanoseconds: int) -> str:
    """Return a span of time with three figures: ``1.50 ms``."""
    for unit, step in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= step:
            return f"{nanoseconds / step:.2f} {unit}"
    return f"{nanoseconds} ns"
