"""Everything that is known after an event, as one fold that can be copied at any point."""

from typing import TypeAlias

from traces.event import (
    Copy,
    DerivedEvent,
    Dma,
    FdRef,
    FileSeen,
    HandOver,
    Mark,
    ObservedEvent,
    PageLookup,
    ProcessSeen,
    Region,
    SpanEnd,
    SpanLine,
    SpanStart,
    SyscallEnter,
    ThreadSeen,
)
from traces.models.derivation import Derivation
from traces.models.directory import Directory
from traces.models.spans import SpanStacks
from traces.models.tally import Tallies
from traces.replay.frame import Place, PlaceKind
from traces.trace_file import TraceHeader

PLACE_OF: dict[Region, PlaceKind] = {
    Region.USER: "user",
    Region.MAPPING: "mapping",
    Region.PAGE_CACHE: "cache",
    Region.SOCKET: "socket",
    Region.PIPE: "pipe",
    Region.DISK: "disk",
    Region.NIC: "nic",
}
_Transfer: TypeAlias = Copy | HandOver | Dma


class State:
    """The folds of ``traces.models`` side by side, and what only a picture needs.

    ``levels`` maps a place's key to bytes arrived and left. ``chapter`` is the last mark's text.
    """

    def __init__(self, header: TraceHeader) -> None:
        self.functions = {one.id: one for one in header.functions}
        self.derivation = Derivation(header.capabilities)
        self.directory = Directory()
        self.spans = SpanStacks(header.functions)
        self.tallies = Tallies()
        self.levels: dict[str, tuple[int, int]] = {}
        self.chapter = ""

    def copy(self) -> "State":
        """Return the same state, to go on from by itself."""
        twin: State = State.__new__(State)
        twin.functions = self.functions
        twin.derivation = self.derivation.copy()
        twin.directory = self.directory.copy()
        twin.spans = self.spans.copy()
        twin.tallies = self.tallies.copy()
        twin.levels = dict(self.levels)
        twin.chapter = self.chapter
        return twin

    def step(self, event: ObservedEvent) -> tuple[DerivedEvent, ...]:
        """Take the next event and return what followed from it."""
        derived = self.derivation.feed(event)
        self.tallies.feed(event, derived)
        if isinstance(event, SyscallEnter):
            if event.fds:
                self.directory.descriptors(event.fds)
        elif isinstance(event, SpanStart):
            self.spans.start(event)
        elif isinstance(event, SpanLine):
            self.spans.line(event)
        elif isinstance(event, SpanEnd):
            self.spans.end(event)
        elif isinstance(event, ProcessSeen | ThreadSeen | FileSeen | Mark):
            self._learn(event)
        for one in derived:
            if not isinstance(one, PageLookup):
                self._flow(one)
        return derived

    def place(self, region: Region, event: _Transfer, fds: tuple[FdRef, ...] = ()) -> Place:
        """Return where an end of ``event`` lies; ``fds`` name the connection."""
        kind = PLACE_OF[region]
        if region is Region.NIC:
            return Place(kind, "nic")
        if region in (Region.PAGE_CACHE, Region.DISK):
            return Place(kind, self.directory.short(event.ino), _extent(event))
        owner = self.directory.label(event.pid)
        if region is Region.MAPPING:
            return Place(kind, owner, f"{self.directory.short(event.ino)} {_extent(event)}".strip())
        wanted = {Region.SOCKET: "socket", Region.PIPE: "pipe"}.get(region)
        named = [ref.name for ref in fds if ref.kind == wanted and ref.name]
        return Place(kind, owner, named[0] if named else "")

    def _learn(self, event: ProcessSeen | ThreadSeen | FileSeen | Mark) -> None:
        if isinstance(event, ProcessSeen):
            self.directory.process(event)
        elif isinstance(event, ThreadSeen):
            self.directory.thread(event)
        elif isinstance(event, FileSeen):
            self.directory.file(event)
        elif event.kind == "chapter":
            self.chapter = event.text

    def _flow(self, event: _Transfer) -> None:
        source, target = self._key(event.source, event), self._key(event.target, event)
        arrived, left = self.levels.get(source, (0, 0))
        self.levels[source] = (arrived, left + event.size)
        arrived, left = self.levels.get(target, (0, 0))
        self.levels[target] = (arrived + event.size, left)

    def _key(self, region: Region, event: _Transfer) -> str:
        """As ``self.place(...).key``, without the words: this runs for every transfer."""
        if region is Region.PAGE_CACHE or region is Region.DISK:
            owner = self.directory.short(event.ino)
        elif region is Region.NIC:
            owner = "nic"
        else:
            owner = self.directory.label(event.pid)
        return f"{PLACE_OF[region]}:{owner}"


def _extent(event: _Transfer) -> str:
    if event.offset is None or not event.size:
        return ""
    first, last = event.offset // 4096, (event.offset + event.size - 1) // 4096
    return f"page {first}" if first == last else f"pages {first}-{last}"
