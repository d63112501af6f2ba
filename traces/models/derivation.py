"""What follows from what was seen: a pure fold from observed events to derived ones.

The rules stand in ``traces.models.rules.RULES``; each derived event names its row. Where a probe
saw a copy itself, that is passed on as observed and nothing is derived from the call's return, so
no byte is counted twice. ``copy()`` gives a fold in the same state, for going back in time.

The work is cut in three: this class follows the calls and gathers what happens inside each;
``transfers`` says which bytes a returning call moved; ``lookups`` which pages it found.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from traces.event import (
    BlockComplete,
    BlockIssue,
    CacheStat,
    Copy,
    DerivedEvent,
    DirtyFolio,
    Dma,
    Evidence,
    FilemapFault,
    FileWriteCopy,
    HandOver,
    MapPages,
    ObservedEvent,
    PageCacheAdd,
    PageCacheGet,
    PageCacheRemove,
    PageFault,
    ProcessExit,
    Region,
    SkbTransmit,
    SocketReadCopy,
    SyscallEnter,
    SyscallExit,
    TcpSend,
)
from traces.models.calls import Call
from traces.models.lookups import asked_pages, look_up
from traces.models.mappings import Mappings
from traces.models.open_flags import OpenFlags
from traces.models.page_cache import PAGE, PageCache
from traces.models.transfers import KERNEL_ONLY, Moved, source_of_write_copy, transfers

Derived: TypeAlias = tuple[DerivedEvent, ...]
_NOTHING: Derived = ()


class Derivation:
    """Feed it every event of a trace in order; it returns what each one completes.

    ``capabilities`` are the header's; they decide what is derived and what is left to a probe.
    ``cache`` is the page cache as known after the last event, ``calls`` the calls in progress by
    thread, ``mappings`` the files mapped.
    """

    def __init__(self, capabilities: Mapping[str, bool]) -> None:
        self.capabilities = capabilities
        self.cache = PageCache()
        self.calls: dict[int, Call] = {}
        self.mappings = Mappings()
        self._flags = OpenFlags()
        self._faults: dict[int, tuple[int, int]] = {}  # by thread: inode and page asked for
        self._stats: dict[int, tuple[int, int, int]] = {}  # by thread: the cachestat before a call
        self._senders: dict[int, tuple[int, int]] = {}  # by inode: who sent from it last
        self._rules: dict[type, Callable[[Any], Derived]] = {
            SyscallEnter: self._enter,
            SyscallExit: self._exit,
            FileWriteCopy: self._write_copy,
            SocketReadCopy: self._socket_copy,
            TcpSend: self._tcp_send,
            SkbTransmit: self._transmit,
            PageFault: self._page_fault,
            FilemapFault: self._filemap_fault,
            MapPages: self._map_pages,
            PageCacheAdd: self._cache_add,
            PageCacheRemove: self._cache_remove,
            PageCacheGet: self._cache_get,
            CacheStat: self._cache_stat,
            DirtyFolio: self._dirty,
            BlockIssue: self._block_issue,
            BlockComplete: self._block_complete,
            ProcessExit: self._process_exit,
        }

    def copy(self) -> "Derivation":
        """Return a fold in the same state that goes on by itself."""
        twin = Derivation(self.capabilities)
        twin.cache = self.cache.copy()
        twin.calls = {tid: call.copy() for tid, call in self.calls.items()}
        twin.mappings = self.mappings.copy()
        twin._flags = self._flags.copy()
        twin._faults = dict(self._faults)
        twin._stats = dict(self._stats)
        twin._senders = dict(self._senders)
        return twin

    def feed(self, event: ObservedEvent) -> tuple[DerivedEvent, ...]:
        """Take the next event; return the derived events that it completes."""
        rule = self._rules.get(type(event))
        return rule(event) if rule is not None else _NOTHING

    # ---- calls ----------------------------------------------------------------------------------

    def _enter(self, event: SyscallEnter) -> Derived:
        call = self.calls[event.tid] = Call(event)
        if event.fds:
            call.asked = asked_pages(call)
            self._prepare(event, call)
        return _NOTHING

    def _prepare(self, event: SyscallEnter, call: Call) -> None:
        stat = self._stats.pop(event.tid, None)
        source = call.source_file()
        if source is None:
            return
        call.reads = source.ino
        if stat is not None and stat[0] == source.ino:
            call.cached = stat[1:]
        if call.name in KERNEL_ONLY:
            self._senders[source.ino] = (event.pid, event.tid)

    def _exit(self, event: SyscallExit) -> Derived:
        call = self.calls.pop(event.tid, None)
        if call is None or call.name != event.name:
            return _NOTHING
        self._flags.follow(event.pid, call, event.ret)
        if call.name in ("mmap", "munmap"):
            self._remap(event, call)
        if event.ret <= 0 or not call.fds:
            return _NOTHING
        direct = self._flags.is_direct(event.pid, call)
        moved = transfers(call, event, self.mappings, self.capabilities, direct=direct)
        found = _NOTHING
        if not direct:
            lookup = look_up(call, event, self.cache, self.capabilities)
            found = (lookup,) if lookup is not None else _NOTHING
        for one in moved:
            self._remember(one)
        return (*found, *moved)

    def _remember(self, moved: Moved) -> None:
        if moved.offset is None or not moved.size:
            return
        first, last = moved.offset // PAGE, (moved.offset + moved.size - 1) // PAGE
        if moved.target is Region.PAGE_CACHE:
            self.cache.dirty(moved.ino, first, last)
        elif moved.source is Region.PAGE_CACHE:
            self.cache.read(moved.ino, first, last)

    def _remap(self, event: SyscallExit, call: Call) -> None:
        if call.name == "mmap" and call.fds and event.ret > 0:
            self.mappings.mapped(event.pid, call.args, call.fds[0], event.ret)
        elif call.name == "munmap" and event.ret == 0 and len(call.args) > 1:
            for ino in self.mappings.unmapped(event.pid, call.args[0], call.args[1]):
                self.cache.unmap(ino)

    # ---- copies and hand-overs that a probe saw -------------------------------------------------

    def _write_copy(self, event: FileWriteCopy) -> Derived:
        call = self.calls.get(event.tid)
        source = source_of_write_copy(call)
        if call is not None:
            call.write_copied += event.size
        if event.size:
            last = (event.offset + event.size - 1) // PAGE
            self.cache.dirty(event.ino, event.offset // PAGE, last)
        return (
            Copy(
                *(event.ts, event.pid, event.tid, source, Region.PAGE_CACHE, event.size),
                evidence=Evidence.OBSERVED,
                rule="write-copy",
                dev=event.dev,
                ino=event.ino,
                offset=event.offset,
            ),
        )

    def _socket_copy(self, event: SocketReadCopy) -> Derived:
        call = self.calls.get(event.tid)
        if call is not None:
            call.socket_copied += event.size
        return (
            Copy(
                *(event.ts, event.pid, event.tid, Region.SOCKET, Region.USER, event.size),
                evidence=Evidence.OBSERVED,
                rule="skb-copy",
                ino=event.ino,
            ),
        )

    def _tcp_send(self, event: TcpSend) -> Derived:
        call = self.calls.get(event.tid)
        if call is not None and event.splice:
            call.spliced = True
        return _NOTHING

    def _transmit(self, event: SkbTransmit) -> Derived:
        """A buffer may leave in another thread's context (its ACK came): ask who sent the file."""
        if not event.file_bytes:
            return _NOTHING
        call = self.calls.get(event.tid)
        sender = (event.pid, event.tid)
        if call is None or call.name not in KERNEL_ONLY:
            sender = self._senders.get(event.ino, sender)
        return (
            HandOver(
                *(event.ts, *sender, Region.PAGE_CACHE, Region.SOCKET, event.file_bytes),
                evidence=Evidence.OBSERVED,
                rule="skb-owner",
                ino=event.ino,
                offset=None if event.index is None else event.index * PAGE,
            ),
        )

    # ---- the page cache -------------------------------------------------------------------------

    def _page_fault(self, event: PageFault) -> Derived:
        call = self.calls.get(event.tid)
        if event.mode == "kernel" and call is not None and call.file_fault is None:
            mapping = self.mappings.at(event.pid, event.address)
            if event.ino or mapping is not None:
                call.file_fault = event.ino or (mapping.ino if mapping else 0)
        if event.ino and event.index is not None:
            self.cache.map(event.ino, event.index, event.index)
        return _NOTHING

    def _filemap_fault(self, event: FilemapFault) -> Derived:
        self._faults[event.tid] = (event.ino, event.index)
        self.cache.map(event.ino, event.index, event.index)
        call = self.calls.get(event.tid)
        if call is not None and call.file_fault is None:
            call.file_fault = event.ino
        return _NOTHING

    def _map_pages(self, event: MapPages) -> Derived:
        self.cache.map(event.ino, event.index, event.last)
        return _NOTHING

    def _cache_add(self, event: PageCacheAdd) -> Derived:
        call = self.calls.get(event.tid)
        if call is not None:
            call.added.append((event.ino, event.index, event.pages))
        first, last = self._wanted(call, event)
        ahead = first >= 0
        self.cache.add(event.ino, event.index, event.pages, prefetched=ahead)
        first, last = max(event.index, first), min(event.index + event.pages - 1, last)
        if ahead and first <= last:
            self.cache.add(event.ino, first, last - first + 1, prefetched=False)
        return _NOTHING

    def _wanted(self, call: Call | None, event: PageCacheAdd) -> tuple[int, int]:
        """Return which pages somebody waits for; the others come ahead of time.

        (-1, -1): nobody reads, all are there to stay. A vector read does not say how much it wants
        before it returns: until then everything comes ahead of time.
        """
        if call is not None and call.reads == event.ino:
            return call.asked[1:] if call.asked is not None else (0, -1)
        fault = self._faults.get(event.tid)
        if fault is not None and fault[0] == event.ino:
            return fault[1], fault[1]
        return -1, -1

    def _cache_remove(self, event: PageCacheRemove) -> Derived:
        self.cache.remove(event.ino, event.index, event.pages)
        return _NOTHING

    def _cache_get(self, event: PageCacheGet) -> Derived:
        call = self.calls.get(event.tid)
        if call is not None and call.first_got is None:
            call.first_got = (event.ino, event.index)
        return _NOTHING

    def _cache_stat(self, event: CacheStat) -> Derived:
        self._stats[event.tid] = (event.ino, event.pages, event.cached)
        return _NOTHING

    def _dirty(self, event: DirtyFolio) -> Derived:
        self.cache.dirty(event.ino, event.index, event.index)
        return _NOTHING

    # ---- devices --------------------------------------------------------------------------------

    def _block_issue(self, event: BlockIssue) -> Derived:
        if event.op not in ("read", "write") or not event.size:
            return _NOTHING
        if event.op == "write" and event.index is not None:
            last = event.index + (event.size - 1) // PAGE
            self.cache.begin_write((event.dev, event.sector), event.ino, event.index, last)
        ends = (Region.DISK, Region.PAGE_CACHE)
        source, target = ends if event.op == "read" else ends[::-1]
        return (
            Dma(
                *(event.ts, event.pid, event.tid, source, target, event.size),
                evidence=Evidence.DERIVED,
                rule="block-dma",
                dev=event.dev,
                ino=event.ino,
                offset=None if event.index is None else event.index * PAGE,
            ),
        )

    def _block_complete(self, event: BlockComplete) -> Derived:
        self.cache.end_write((event.dev, event.sector))
        return _NOTHING

    def _process_exit(self, event: ProcessExit) -> Derived:
        self.mappings.gone(event.pid)
        self._flags.gone(event.pid)
        return _NOTHING
