"""What a trace adds up to, as one small immutable value."""

import msgspec


class Counters(msgspec.Struct, frozen=True):
    """Totals since the start of a trace. None: the probe cannot see such things; never read as 0.

    ``crossings`` counts mode switches (two a system call, two a user-mode fault); sizes are bytes;
    ``hits``, ``misses`` and ``prefetched`` are pages that a read looked up; ``minor`` and
    ``major`` are page faults of all kinds, the interpreter's own heap included.
    """

    crossings: int | None = None
    copies: int | None = None
    copied_bytes: int | None = None
    reference_bytes: int | None = None
    hits: int | None = None
    misses: int | None = None
    prefetched: int | None = None
    minor: int | None = None
    major: int | None = None
    context_switches: int | None = None
    dma_read: int | None = None
    dma_write: int | None = None
