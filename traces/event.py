"""Every event a trace can hold, as small immutable values; nothing of ours is imported here.

Strategy: what a probe *saw* is written to the file; what *follows* from it is computed when the
file is read, by rules in ``traces.models.derivation``, and never stored. So a better rule improves
old traces, and a trace never contains an opinion.

Three classes of truth (``Evidence``):

==========  =====================================================================================
observed    a probe fired: the event came from the kernel, or from the process itself
derived     follows from observed events by a written rule (a read's return value is a CPU copy)
modelled    not visible here, drawn from the kernel's documentation (a NIC's DMA on loopback)
==========  =====================================================================================

Units: ``ts`` is CLOCK_MONOTONIC in nanoseconds; ``pid`` is the process (the kernel's tgid), ``tid``
the thread (the kernel's pid), 0 where nobody's context ran (an interrupt). ``dev``/``ino`` name a
file as ``stat`` does; ``index`` counts pages of 4096 bytes from the file's start; sizes are bytes.
On disk each event is a msgpack array headed by its tag, in the order of the fields below, so a new
field goes to the end and has a default.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

PAGE_SIZE = 4096


class Evidence(StrEnum):
    """How we know: a probe saw it, a rule says so, or the documentation says so."""

    OBSERVED = "observed"
    DERIVED = "derived"
    MODELLED = "modelled"


class Region(StrEnum):
    """A place bytes can be, between two of which a copy or a hand-over goes."""

    USER = "user"  # a buffer of the process in user space
    MAPPING = "mapping"  # page-cache pages seen through an mmap of the process
    PAGE_CACHE = "page cache"
    SOCKET = "socket buffer"
    PIPE = "pipe"
    DISK = "disk"
    NIC = "nic"


class FdRef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a file descriptor stood for when the call was made.

    ``kind``: file, socket, pipe, eventpoll, char, dir or other. ``name``: path of a file or
    ``tcp LOCAL->REMOTE`` where known. ``position``: the offset the call started at, where known.
    """

    fd: int
    kind: str
    dev: int = 0
    ino: int = 0
    name: str | None = None
    position: int | None = None


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What all events share: when, which process, which thread."""

    ts: int
    pid: int
    tid: int


# ---- crossings of the ring ----------------------------------------------------------------------


class SyscallEnter(Event, frozen=True, array_like=True, tag="enter", gc=False):
    """A thread went into the kernel. ``args``: up to six raw register values."""

    name: str
    args: tuple[int, ...] = ()
    fds: tuple[FdRef, ...] = ()


class SyscallExit(Event, frozen=True, array_like=True, tag="exit", gc=False):
    """The thread came back. ``ret`` is the kernel's value: below zero it is minus errno."""

    name: str
    ret: int = 0


class PageFault(Event, frozen=True, array_like=True, tag="fault", gc=False):
    """A page fault. ``mode``: user or kernel; ``severity``: minor, major or None if unseen."""

    address: int
    mode: str = "user"
    write: bool = False
    severity: str | None = None
    dev: int = 0
    ino: int = 0
    index: int | None = None


class ContextSwitch(Event, frozen=True, array_like=True, tag="switch", gc=False):
    """The thread ``tid`` left its CPU. ``reason``: sleep, disk, preempted or exited."""

    reason: str
    next_tid: int = 0


# ---- the page cache -----------------------------------------------------------------------------


class FilemapFault(Event, frozen=True, array_like=True, tag="filemap-fault", gc=False):
    """A fault asked the page cache for this page of a file."""

    dev: int
    ino: int
    index: int


class MapPages(Event, frozen=True, array_like=True, tag="map-pages", gc=False):
    """Fault-around mapped cached pages ``index``..``last`` (inclusive, an upper bound)."""

    dev: int
    ino: int
    index: int
    last: int


class PageCacheAdd(Event, frozen=True, array_like=True, tag="cache-add", gc=False):
    """``pages`` pages from ``index`` on entered the page cache (one folio)."""

    dev: int
    ino: int
    index: int
    pages: int = 1


class PageCacheRemove(Event, frozen=True, array_like=True, tag="cache-remove", gc=False):
    """``pages`` pages from ``index`` on left the page cache."""

    dev: int
    ino: int
    index: int
    pages: int = 1


class PageCacheGet(Event, frozen=True, array_like=True, tag="cache-get", gc=False):
    """A read looked for pages ``index``..``last``: the rest of its request, so never sum them."""

    dev: int
    ino: int
    index: int
    last: int


class Readahead(Event, frozen=True, array_like=True, tag="readahead", gc=False):
    """The kernel decided to read ahead. ``kind``: sync, async or fault; ``pages`` its window."""

    dev: int
    ino: int
    index: int
    pages: int
    kind: str = "sync"


class DirtyFolio(Event, frozen=True, array_like=True, tag="dirty", gc=False):
    """A folio (one or more pages) became dirty; ``index`` is its first page."""

    ino: int
    index: int
    dev: int = 0


class WritebackInode(Event, frozen=True, array_like=True, tag="writeback", gc=False):
    """A flusher wrote ``pages`` pages of the inode back."""

    ino: int
    pages: int
    dev: int = 0


class CacheStat(Event, frozen=True, array_like=True, tag="cachestat", gc=False):
    """cachestat(2) just before a call: of ``pages`` pages from ``index``, how many were cached."""

    dev: int
    ino: int
    index: int
    pages: int
    cached: int
    dirty: int = 0


# ---- copies, hand-overs, requests ---------------------------------------------------------------


class FileWriteCopy(Event, frozen=True, array_like=True, tag="write-copy", gc=False):
    """The file system finished copying ``size`` bytes from user space to page-cache pages."""

    dev: int
    ino: int
    offset: int
    size: int


class SocketReadCopy(Event, frozen=True, array_like=True, tag="skb-copy", gc=False):
    """``size`` bytes were copied from an skb to user space. ``ino``: owner of its first page."""

    size: int
    ino: int = 0


class TcpSend(Event, frozen=True, array_like=True, tag="tcp-send", gc=False):
    """tcp_sendmsg_locked took up ``left`` bytes; ``splice``: MSG_SPLICE_PAGES was set."""

    left: int
    splice: bool
    source: str = "user"  # the iterator's kind: user, kernel, pages


class SkbTransmit(Event, frozen=True, array_like=True, tag="skb-xmit", gc=False):
    """An skb left for the device: its fragments' bytes by owner of the page.

    ``file_bytes`` lie on page-cache pages of the inode ``ino``, ``private_bytes`` on pages that no
    file owns. ``index``: page of the first fragment that a file owns, in that file.
    """

    file_bytes: int
    private_bytes: int
    ino: int = 0
    index: int | None = None


class BlockIssue(Event, frozen=True, array_like=True, tag="block-issue", gc=False):
    """A block request went to the device. ``op``: read, write, flush or discard."""

    dev: int
    sector: int
    size: int
    op: str
    ino: int = 0
    index: int | None = None


class BlockComplete(Event, frozen=True, array_like=True, tag="block-done", gc=False):
    """The device finished a block request."""

    dev: int
    sector: int
    size: int
    op: str


class ThreadUsage(Event, frozen=True, array_like=True, tag="usage", gc=False):
    """getrusage(RUSAGE_THREAD) across one call: what it added (the in-process probe's eyes)."""

    minor: int
    major: int
    voluntary: int
    involuntary: int


# ---- source -------------------------------------------------------------------------------------


class SpanStart(Event, frozen=True, array_like=True, tag="span", gc=False):
    """A watched function began. ``function``: its id in the header; ``caller_line``: from where."""

    function: int
    caller_line: int = 0


class SpanLine(Event, frozen=True, array_like=True, tag="line", gc=False):
    """The innermost watched function is about to run this line (the one that makes the call)."""

    line: int


class SpanEnd(Event, frozen=True, array_like=True, tag="span-end", gc=False):
    """A watched function ended, by return or by exception."""

    function: int


# ---- who and what -------------------------------------------------------------------------------


class ProcessSeen(Event, frozen=True, array_like=True, tag="process", gc=False):
    """A process under study. ``role``: broker, producer, consumer or process."""

    role: str
    command: str = ""
    parent: int = 0


class ThreadSeen(Event, frozen=True, array_like=True, tag="thread", gc=False):
    """A thread's name, as its program calls it."""

    name: str


class ProcessExit(Event, frozen=True, array_like=True, tag="process-exit", gc=False):
    """A process ended."""

    status: int | None = None


class FileSeen(Event, frozen=True, array_like=True, tag="file", gc=False):
    """A file's name (or a socket's two ends), once known."""

    dev: int
    ino: int
    name: str
    kind: str = "file"


class Mark(Event, frozen=True, array_like=True, tag="mark", gc=False):
    """A mark made by the recorder. ``kind``: chapter or note."""

    text: str
    kind: str = "chapter"


class Lost(Event, frozen=True, array_like=True, tag="lost", gc=False):
    """``count`` events were lost at about this time; what they were nobody knows."""

    count: int


ObservedEvent: TypeAlias = (
    SyscallEnter
    | SyscallExit
    | PageFault
    | ContextSwitch
    | FilemapFault
    | MapPages
    | PageCacheAdd
    | PageCacheRemove
    | PageCacheGet
    | Readahead
    | DirtyFolio
    | WritebackInode
    | CacheStat
    | FileWriteCopy
    | SocketReadCopy
    | TcpSend
    | SkbTransmit
    | BlockIssue
    | BlockComplete
    | ThreadUsage
    | SpanStart
    | SpanLine
    | SpanEnd
    | ProcessSeen
    | ThreadSeen
    | ProcessExit
    | FileSeen
    | Mark
    | Lost
)
"""What a trace file may hold: all of it observed."""


# ---- what follows (computed on reading, never stored) -------------------------------------------


class Copy(Event, frozen=True, array_like=True, tag="copy", gc=False):
    """The CPU copied ``size`` bytes. ``rule`` names the row of the derivation table."""

    source: Region
    target: Region
    size: int
    evidence: Evidence
    rule: str
    dev: int = 0
    ino: int = 0
    offset: int | None = None


class HandOver(Event, frozen=True, array_like=True, tag="reference", gc=False):
    """``size`` bytes changed place by reference to their pages: no CPU copy."""

    source: Region
    target: Region
    size: int
    evidence: Evidence
    rule: str
    dev: int = 0
    ino: int = 0
    offset: int | None = None


class PageLookup(Event, frozen=True, array_like=True, tag="lookup", gc=False):
    """A call's pages by what the cache knew: present, prefetched by read-ahead, or missing."""

    dev: int
    ino: int
    index: int
    hits: int
    misses: int
    prefetched: int
    evidence: Evidence
    rule: str


class Dma(Event, frozen=True, array_like=True, tag="dma", gc=False):
    """A device moved ``size`` bytes between memory and itself."""

    source: Region
    target: Region
    size: int
    evidence: Evidence
    rule: str
    dev: int = 0
    ino: int = 0
    offset: int | None = None


DerivedEvent: TypeAlias = Copy | HandOver | PageLookup | Dma
"""What rules add to a trace: each says its evidence and its rule."""
