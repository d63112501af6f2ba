"""Which addresses of a process are pages of which file: mmap and munmap, followed per process."""

from bisect import bisect_right

import msgspec

from traces.event import FdRef


class Mapping(msgspec.Struct, frozen=True):
    """``size`` bytes of the file ``ino`` from ``offset`` on, seen at ``address``."""

    address: int
    size: int
    dev: int
    ino: int
    offset: int


class Mappings:
    """The file mappings that were made while the trace ran; older ones are not known."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Mapping, ...]] = {}  # by process, in order of address

    def copy(self) -> "Mappings":
        """Return mappings that change on their own from here."""
        twin = Mappings()
        twin._of = dict(self._of)
        return twin

    def mapped(self, pid: int, args: tuple[int, ...], ref: FdRef, address: int) -> None:
        """Note that mmap(2) with ``args`` returned ``address`` for the file ``ref``."""
        size = args[1] if len(args) > 1 else 0
        offset = args[5] if len(args) > 5 else 0
        kept = self._without(pid, address, size)
        mapping = Mapping(address, size, ref.dev, ref.ino, offset)
        self._of[pid] = tuple(sorted((*kept, mapping), key=lambda one: one.address))

    def unmapped(self, pid: int, address: int, size: int) -> tuple[int, ...]:
        """Note munmap(2); return the inodes that this process does not map any more."""
        before = self._of.get(pid, ())
        kept = self._without(pid, address, size)
        if len(kept) == len(before):
            return ()
        self._of[pid] = kept
        still = {one.ino for maps in self._of.values() for one in maps}
        return tuple({one.ino for one in before} - still)

    def gone(self, pid: int) -> None:
        """Forget a process that ended."""
        self._of.pop(pid, None)

    def at(self, pid: int, address: int) -> Mapping | None:
        """Return the file mapping that covers ``address``, if one is known."""
        maps = self._of.get(pid)
        if not maps:
            return None
        place = bisect_right(maps, address, key=lambda one: one.address) - 1
        if place >= 0 and address < maps[place].address + maps[place].size:
            return maps[place]
        return None

    def _without(self, pid: int, address: int, size: int) -> tuple[Mapping, ...]:
        """A part unmapped counts as the whole: Kafka's code never unmaps a part."""
        return tuple(
            one
            for one in self._of.get(pid, ())
            if one.address + one.size <= address or address + size <= one.address
        )
