"""Which pages a read found in the cache, which it missed, and which read-ahead had brought."""

from collections.abc import Mapping

from traces.event import Evidence, PageLookup, SyscallExit
from traces.models.calls import Call
from traces.models.page_cache import PAGE, PageCache, PageState


def asked_pages(call: Call) -> tuple[int, int, int] | None:
    """Return inode, first and last page that ``call`` may read, or None if that is not known."""
    ref = call.source_file()
    wanted = call.wanted()
    if ref is None or not wanted:
        return None
    offset = call.offset(ref)
    if offset is None:
        return None
    return ref.ino, offset // PAGE, (offset + wanted - 1) // PAGE


def look_up(
    call: Call, event: SyscallExit, cache: PageCache, capabilities: Mapping[str, bool]
) -> PageLookup | None:
    """Return the look-up of a call that read ``event.ret`` bytes of a file, and mark its pages."""
    ref = call.source_file()
    offset = call.offset(ref) if ref is not None else None
    if ref is None or offset is None or not capabilities.get("page_cache"):
        return None
    first, last = offset // PAGE, (offset + event.ret - 1) // PAGE
    pages = last - first + 1
    stamp = (event.ts, event.pid, event.tid)
    if call.cached is not None:
        hits = min(call.cached[1], pages)
        cache.read(ref.ino, first, last)
        return PageLookup(
            *(*stamp, ref.dev, ref.ino, first),
            hits=hits,
            misses=pages - hits,
            prefetched=0,
            evidence=Evidence.OBSERVED,
            rule="lookup-cachestat",
        )
    misses = _overlap(call.added, ref.ino, first, last)
    prefetched = cache.count(ref.ino, first, last, PageState.PREFETCHED)
    if call.asked is None:  # what it brought itself was taken for prefetched until now
        prefetched -= misses
    prefetched = max(0, min(prefetched, pages - misses))
    cache.read(ref.ino, first, last)
    return PageLookup(
        *(*stamp, ref.dev, ref.ino, first),
        hits=pages - misses - prefetched,
        misses=misses,
        prefetched=prefetched,
        evidence=Evidence.DERIVED,
        rule="lookup-adds",
    )


def _overlap(added: list[tuple[int, int, int]], ino: int, first: int, last: int) -> int:
    """Count pages of ``first``..``last`` among what entered the cache; folios do not overlap."""
    total = 0
    for owner, index, pages in added:
        if owner == ino:
            total += max(0, min(last, index + pages - 1) - max(first, index) + 1)
    return min(total, last - first + 1)
