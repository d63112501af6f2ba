"""Which file lies behind an address: the file mappings of each watched process.

Learnt from the process's own mmap and munmap calls, and from ``/proc/PID/maps`` for what was there
before it was watched. A remapping by mremap is not followed.
"""

from bisect import bisect_right
from typing import NamedTuple

from traces.event import PAGE_SIZE


class Mapping(NamedTuple):
    """``start``..``end`` (exclusive) shows the file from byte ``offset`` on."""

    start: int
    end: int
    dev: int
    ino: int
    offset: int


class FilePage(NamedTuple):
    """A page of a file."""

    dev: int
    ino: int
    number: int


class Mappings:
    """File mappings by process."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._processes: dict[int, list[Mapping]] = {}

    def add(self, pid: int, mapping: Mapping) -> None:
        """Add a mapping in place of whatever it covers (mmap(2), MAP_FIXED)."""
        self.remove(pid, mapping.start, mapping.end)
        kept = self._processes.setdefault(pid, [])
        kept.insert(bisect_right(kept, mapping), mapping)

    def remove(self, pid: int, start: int, end: int) -> None:
        """Forget ``start``..``end``; what sticks out on either side stays."""
        kept: list[Mapping] = []
        for old in self._processes.get(pid, ()):
            if old.end <= start or end <= old.start:
                kept.append(old)
                continue
            if old.start < start:
                kept.append(old._replace(end=start))
            if end < old.end:
                kept.append(old._replace(start=end, offset=old.offset + end - old.start))
        self._processes[pid] = kept

    def page_at(self, pid: int, address: int) -> FilePage | None:
        """Return the page of a file at an address, or None for memory without a file."""
        mappings = self._processes.get(pid)
        if not mappings:
            return None
        at = bisect_right(mappings, address, key=lambda mapping: mapping.start) - 1
        if at < 0 or mappings[at].end <= address:
            return None
        found = mappings[at]
        return FilePage(found.dev, found.ino, (found.offset + address - found.start) // PAGE_SIZE)

    def copy(self, parent: int, child: int) -> None:
        """Give a forked child what its parent has mapped."""
        self._processes[child] = list(self._processes.get(parent, ()))

    def forget(self, pid: int) -> None:
        """Drop a process (it ended, or became another program)."""
        self._processes.pop(pid, None)
