"""One moment of a trace as a picture needs it: immutable values, nothing to compute.

A ``Frame`` is the state *just after* event ``position`` (0-based); a screen draws it and asks
nothing else. All values are frozen, so a frame may cross threads and be kept.

Choices a reader of frames relies on:

* **Places.** ``kind`` is one of ``PLACE_KINDS``. The owner of *user*, *mapping*, *socket*, *pipe*
  and *cpu* is the process' role (``broker``, ``producer``, ``consumer``; a process with no role is
  named ``process PID``); the owner of *cache* and *disk* is the file's short name
  (``topic-0/00000000000000000000.log``), or ``""`` when nobody knows the file; of *nic* the device.
  ``detail`` is for people: a page range, a connection, an address. ``Place.key`` leaves it out.
* **Moves** belong to this event only: what it moved. An event that moved nothing has none. A
  derived copy appears with the event that completes it (mostly the SyscallExit).
* **Levels** are totals since the start of the trace, per ``Place.key``.
* **Counters** are totals over all processes since the start; None means that the probe cannot see
  such things, which is not 0. ``Frame.own`` holds the same for the event's process alone.
* **Files** hold every file with a known page, the most recently changed first, but for those that
  a program reads in order to run (code, libraries, settings).
* **Syscall** is the call in progress on the event's thread, or the one that this event ended.
  So a SyscallEnter and its SyscallExit show the same call.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from traces.event import DerivedEvent, Evidence, FdRef, ObservedEvent
from traces.models.calls import Family
from traces.models.counters import Counters
from traces.models.lanes import Interval, LaneMark, SpanInterval
from traces.models.page_cache import PageState
from traces.trace_file import Function

__all__ = [
    "PLACE_KINDS",
    "Chapter",
    "Counters",
    "Family",
    "FileCache",
    "Frame",
    "Function",
    "Interval",
    "Lane",
    "LaneMark",
    "Level",
    "Move",
    "MoveKind",
    "PageState",
    "Place",
    "PlaceKind",
    "ProcessRef",
    "SpanInterval",
    "StackFrame",
    "SyscallState",
    "ThreadRef",
]

PlaceKind: TypeAlias = Literal[
    "user", "mapping", "socket", "pipe", "cache", "disk", "nic", "cpu", "kernel"
]
PLACE_KINDS: Final[tuple[PlaceKind, ...]] = (
    "user",  # a buffer in user space
    "mapping",  # pages of a file seen through an mmap: same bytes as "cache", other address
    "socket",  # a socket's buffers in the kernel
    "pipe",  # a pipe's buffers in the kernel
    "cache",  # the page cache of one file
    "disk",  # the file on its device
    "nic",  # a network device
    "cpu",  # a thread in user mode: the origin of a crossing
    "kernel",  # the same thread in kernel mode: where a crossing goes
)

MoveKind: TypeAlias = Literal[
    "copy", "reference", "dma", "crossing-in", "crossing-out", "fault", "dirty"
]
"""How something moved.

``copy``: the CPU copied bytes; ``reference``: pages were handed over; ``dma``: a device moved
them; ``crossing-in``/``-out``: the thread entered/left the kernel (cpu <-> kernel, size 0);
``fault``: a touched page was looked up and mapped (mapping -> cache); ``dirty``: pages of the
cache became dirty, or clean (cache -> cache, nothing moves).
"""


class Place(msgspec.Struct, frozen=True):
    """Where bytes are. See the module's choices for ``owner``; ``detail`` may be empty."""

    kind: PlaceKind
    owner: str = ""
    detail: str = ""

    @property
    def key(self) -> str:
        """``kind:owner``, the key of ``Frame.levels``."""
        return f"{self.kind}:{self.owner}"


class Move(msgspec.Struct, frozen=True):
    """``size`` bytes (0 for a crossing) went from ``source`` to ``target``.

    ``rule`` names the row of ``traces.models.rules.RULES`` that says so, "" for what a probe saw
    as such. ``pages``: first and last page in the file on the cache's side, where known.
    """

    source: Place
    target: Place
    size: int
    how: MoveKind
    evidence: Evidence
    rule: str = ""
    pages: tuple[int, int] | None = None


class Level(msgspec.Struct, frozen=True):
    """Bytes that arrived at and left a place since the trace began."""

    arrived: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        """The larger of both: how much went through, whichever end was seen."""
        return max(self.arrived, self.left)


class FileCache(msgspec.Struct, frozen=True):
    """What is known of a file's pages. ``size``: bytes, as far as the events reach.

    ``pages`` holds one byte a page: ``PageState(byte & 7)``, and ``byte & PageState.MAPPED``.
    """

    name: str  # short, as an owner of places
    path: str
    dev: int
    ino: int
    size: int
    pages: bytes
    touched: tuple[int, int] | None = None  # first and last page that this event touched


class ProcessRef(msgspec.Struct, frozen=True):
    """A process: ``role`` is broker, producer, consumer or process; ``name`` labels it."""

    pid: int
    role: str
    name: str


class ThreadRef(msgspec.Struct, frozen=True):
    """A thread; ``name`` is "" until its program named it."""

    tid: int
    name: str


class StackFrame(msgspec.Struct, frozen=True):
    """One watched function on the thread's stack, and the line it is at (0 if not seen)."""

    function: Function
    line: int


class SyscallState(msgspec.Struct, frozen=True):
    """The call that this thread is in, or has just come back from.

    ``entered_ts`` is None when the call's start was not seen; ``ret`` None while it lasts.
    """

    name: str
    args: tuple[int, ...]
    fds: tuple[FdRef, ...]
    entered_ts: int | None
    ret: int | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The state just after the event at ``position`` of ``total``; see the module's choices.

    ``events``: how many events this step stands for; above 1 it is a merged run of the story, of
    which ``event`` and ``position`` are the last and ``moves`` the sum, while ``derived`` is the
    last event's. ``stack`` is outermost first. Times are nanoseconds.
    """

    position: int
    total: int
    ts: int
    start_ts: int
    end_ts: int
    event: ObservedEvent
    process: ProcessRef
    thread: ThreadRef
    counters: Counters
    own: Counters
    derived: tuple[DerivedEvent, ...] = ()
    stack: tuple[StackFrame, ...] = ()
    syscall: SyscallState | None = None
    moves: tuple[Move, ...] = ()
    levels: Mapping[str, Level] = {}
    files: tuple[FileCache, ...] = ()
    chapter: str = ""
    events: int = 1


class Chapter(msgspec.Struct, frozen=True):
    """A part of the trace: ``start`` is the index of its Mark (0 for what comes before one)."""

    text: str
    start: int
    ts: int


class Lane(msgspec.Struct, frozen=True):
    """One thread's row of the timeline, everything in order of time."""

    pid: int
    tid: int
    role: str
    name: str
    intervals: tuple[Interval, ...] = ()
    marks: tuple[LaneMark, ...] = ()
    spans: tuple[SpanInterval, ...] = ()
