"""Adds up what happened, per process; turns it into Counters that say None for what is unseen."""

from collections.abc import Iterable, Mapping

from traces.event import (
    ContextSwitch,
    Copy,
    DerivedEvent,
    Dma,
    Evidence,
    HandOver,
    ObservedEvent,
    PageFault,
    PageLookup,
    Region,
    SyscallEnter,
    SyscallExit,
    ThreadUsage,
)
from traces.models.counters import Counters

CopyKey = tuple[Region, Region, Evidence]


class Tally:
    """The sums of one process. ``copies`` maps (from, to, evidence) to (bytes, count)."""

    __slots__ = (
        "asked_cachestat",
        "copies",
        "crossings",
        "dma_read",
        "dma_write",
        "hits",
        "major",
        "minor",
        "misses",
        "prefetched",
        "reference",
        "switches",
    )

    def __init__(self) -> None:
        self.crossings = self.switches = self.minor = self.major = 0
        self.hits = self.misses = self.prefetched = 0
        self.dma_read = self.dma_write = 0
        self.asked_cachestat = False
        self.copies: dict[CopyKey, tuple[int, int]] = {}
        self.reference: dict[Evidence, int] = {}

    def copy(self) -> "Tally":
        """Return sums that grow on their own from here."""
        twin: Tally = Tally.__new__(Tally)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.copies = dict(self.copies)
        twin.reference = dict(self.reference)
        return twin

    def add(self, event: DerivedEvent) -> None:
        """Take one derived event."""
        if isinstance(event, Copy):
            key = (event.source, event.target, event.evidence)
            size, count = self.copies.get(key, (0, 0))
            self.copies[key] = (size + event.size, count + 1)
        elif isinstance(event, HandOver):
            if event.target is not Region.PIPE:  # a stopover: the same bytes come by again
                now = self.reference.get(event.evidence, 0)
                self.reference[event.evidence] = now + event.size
        elif isinstance(event, PageLookup):
            self.hits += event.hits
            self.misses += event.misses
            self.prefetched += event.prefetched
            self.asked_cachestat |= event.rule == "lookup-cachestat"
        else:
            self._add_dma(event)

    def merge(self, other: "Tally") -> None:
        """Add another process' sums to these."""
        for name in ("crossings", "switches", "minor", "major", "hits", "misses", "prefetched"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dma_read += other.dma_read
        self.dma_write += other.dma_write
        self.asked_cachestat |= other.asked_cachestat
        for key, (size, count) in other.copies.items():
            mine = self.copies.get(key, (0, 0))
            self.copies[key] = (mine[0] + size, mine[1] + count)
        for evidence, size in other.reference.items():
            self.reference[evidence] = self.reference.get(evidence, 0) + size

    def counters(self, capabilities: Mapping[str, bool]) -> Counters:
        """Return the sums, None where ``capabilities`` say that the probe cannot see."""
        calls = capabilities.get("syscalls", False)
        copies = calls or capabilities.get("copies_observed", False)
        cache = capabilities.get("page_cache", False)
        faults = capabilities.get("fault_severity", False)
        block = capabilities.get("block", False)
        switches = capabilities.get("context_switches", False)
        return Counters(
            crossings=self.crossings if calls else None,
            copies=sum(count for _, count in self.copies.values()) if copies else None,
            copied_bytes=sum(size for size, _ in self.copies.values()) if copies else None,
            reference_bytes=sum(self.reference.values())
            if calls or capabilities.get("skb_owner", False)
            else None,
            hits=self.hits if cache else None,
            misses=self.misses if cache else None,
            prefetched=self.prefetched if cache and not self.asked_cachestat else None,
            minor=self.minor if faults else None,
            major=self.major if faults else None,
            context_switches=self.switches if switches else None,
            dma_read=self.dma_read if block else None,
            dma_write=self.dma_write if block else None,
        )

    def _add_dma(self, event: Dma) -> None:
        if event.source is Region.DISK:
            self.dma_read += event.size
        elif event.target is Region.DISK:
            self.dma_write += event.size


class Tallies:
    """The sums of every process of a trace, and of all together."""

    def __init__(self) -> None:
        self.by_process: dict[int, Tally] = {}

    def copy(self) -> "Tallies":
        """Return sums that grow on their own from here."""
        twin = Tallies()
        twin.by_process = {pid: tally.copy() for pid, tally in self.by_process.items()}
        return twin

    def of(self, pid: int) -> Tally:
        """Return the sums of one process, to add to."""
        tally = self.by_process.get(pid)
        if tally is None:
            tally = self.by_process[pid] = Tally()
        return tally

    def feed(self, event: ObservedEvent, derived: Iterable[DerivedEvent]) -> None:
        """Take an event and what followed from it."""
        kind = type(event)
        if kind is SyscallEnter or kind is SyscallExit:
            self.of(event.pid).crossings += 1
        elif isinstance(event, PageFault):
            self._fault(event)
        elif kind is ContextSwitch:
            self.of(event.pid).switches += 1
        elif isinstance(event, ThreadUsage):
            tally = self.of(event.pid)
            tally.minor += event.minor
            tally.major += event.major
            tally.switches += event.voluntary + event.involuntary
        for one in derived:
            self.of(one.pid).add(one)

    def total(self) -> Tally:
        """Return the sums over all processes."""
        total = Tally()
        for tally in self.by_process.values():
            total.merge(tally)
        return total

    def _fault(self, event: PageFault) -> None:
        tally = self.of(event.pid)
        if event.mode == "user":
            tally.crossings += (
                2  # into the kernel and back; a kernel-mode fault is in there already
            )
        if event.severity == "minor":
            tally.minor += 1
        elif event.severity == "major":
            tally.major += 1
