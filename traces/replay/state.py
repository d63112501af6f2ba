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
from traces.models.page_cache import PAGE
from traces.models.spans import SpanStacks
from traces.models.tally import Tallies
from traces.replay.frame import Level, Place, PlaceKind
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
_OF_FILES = (Region.PAGE_CACHE, Region.DISK)
_Transfer: TypeAlias = Copy | HandOver | Dma


class State:
    """The folds of ``traces.models`` side by side, and what only a picture needs.

    ``directory`` is one for all copies of a state: a name is true for the whole trace, though the
    event that tells it may come late. ``flows`` maps a place (kind, and number of its file or
    process) to bytes arrived and left; ``levels()`` names them. ``chapter`` is the last mark's text.
    """

    def __init__(self, header: TraceHeader) -> None:
        self.functions = {one.id: one for one in header.functions}
        self.derivation = Derivation(header.capabilities)
        self.directory = Directory()
        self.spans = SpanStacks(header.functions)
        self.tallies = Tallies()
        self.flows: dict[tuple[Region, int], tuple[int, int]] = {}
        self.chapter = ""

    def copy(self) -> "State":
        """Return the same state, to go on from by itself."""
        twin: State = State.__new__(State)
        twin.functions = self.functions
        twin.derivation = self.derivation.copy()
        twin.directory = self.directory
        twin.spans = self.spans.copy()
        twin.tallies = self.tallies.copy()
        twin.flows = dict(self.flows)
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
        owner = self._owner(region, event.ino if region in _OF_FILES else event.pid)
        if region in _OF_FILES:
            return Place(kind, owner, _extent(event))
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

    def levels(self) -> dict[str, Level]:
        """Return what went through each place, by ``Place.key``."""
        levels: dict[str, Level] = {}
        for (region, number), (arrived, left) in self.flows.items():
            key = Place(PLACE_OF[region], self._owner(region, number)).key
            before = levels.get(key, Level())
            levels[key] = Level(before.arrived + arrived, before.left + left)
        return levels

    def _flow(self, event: _Transfer) -> None:
        source = (event.source, event.ino if event.source in _OF_FILES else event.pid)
        target = (event.target, event.ino if event.target in _OF_FILES else event.pid)
        arrived, left = self.flows.get(source, (0, 0))
        self.flows[source] = (arrived, left + event.size)
        arrived, left = self.flows.get(target, (0, 0))
        self.flows[target] = (arrived + event.size, left)

    def _owner(self, region: Region, number: int) -> str:
        if region is Region.NIC:
            return "nic"
        return (self.directory.short if region in _OF_FILES else self.directory.label)(number)


def _extent(event: _Transfer) -> str:
    if event.offset is None or not event.size:
        return ""
    return pages_text(event.offset // PAGE, (event.offset + event.size - 1) // PAGE)


def pages_text(first: int, last: int) -> str:
    """Name a range of pages, both ends inclusive."""
    return f"page {first}" if first == last else f"pages {first}-{last}"
