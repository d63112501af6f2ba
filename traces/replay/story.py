"""Which events are worth a step on the data path, and which runs of them make one step."""

from bisect import bisect_left, insort
from typing import Final

import msgspec

from traces.event import (
    BlockComplete,
    BlockIssue,
    ContextSwitch,
    DirtyFolio,
    FileWriteCopy,
    MapPages,
    Mark,
    ObservedEvent,
    PageCacheAdd,
    PageCacheRemove,
    PageFault,
    SkbTransmit,
    SocketReadCopy,
    SyscallEnter,
    SyscallExit,
)
from traces.models.calls import DATA_CALLS, SYNCS, is_cached_file
from traces.models.directory import is_program_file
from traces.replay.state import State

_COPIES: Final = (FileWriteCopy, SocketReadCopy, Mark)
_OF_FILES: Final = (PageCacheAdd, PageCacheRemove, DirtyFolio, MapPages)
_MERGED: Final = (
    *_OF_FILES,
    SkbTransmit,
    SocketReadCopy,
    FileWriteCopy,
    PageFault,
    BlockIssue,
    BlockComplete,
)


class Step(msgspec.Struct):
    """One step: the events ``members``, the last of which gives the frame its position."""

    members: list[int]
    key: tuple[str, int, int]  # kind, thread, file
    next_page: int = -1  # where the next pages must begin to be of the same run; -1: anywhere


class Story:
    """Collects steps while a trace is read.

    Kept: calls that moved bytes of files or sockets and calls that make files durable (entry and
    return, known only when they return), faults on file mappings, changes of known files' pages,
    copies, hand-overs, block I/O, waits for the disk, marks. Left out: spans, threads waiting for
    work, the interpreter's heap, calls that moved nothing, and whatever concerns the files that a
    program reads in order to run (``traces.models.directory.is_program_file``).
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._ends: list[int] = []
        self._entered: dict[int, int] = {}  # by thread: index of the call's start
        self._requests: set[tuple[int, int]] = set()  # device and sector of the steps' block I/O

    def feed(self, index: int, event: ObservedEvent, before: State) -> None:
        """Take the event at ``index``; ``before`` is the state before it."""
        if isinstance(event, SyscallEnter):
            self._entered[event.tid] = index
        elif isinstance(event, SyscallExit):
            start = self._entered.pop(event.tid, None)
            if start is not None and _tells(event, before):
                self._put(start, Step([start], ("enter", event.tid, 0)))
                self._put(index, Step([index], ("exit", event.tid, 0)))
        elif isinstance(event, BlockComplete):
            if (event.dev, event.sector) in self._requests:
                self._requests.discard((event.dev, event.sector))
                self._add(index, event)
        elif _is_step(event, before):
            self._add(index, event)
            if isinstance(event, BlockIssue):
                self._requests.add((event.dev, event.sector))

    def step_at(self, index: int) -> Step | None:
        """Return the step that ends with event ``index``, if one does."""
        place = bisect_left(self._ends, index)
        if place < len(self._ends) and self._ends[place] == index:
            return self.steps[place]
        return None

    @property
    def ends(self) -> tuple[int, ...]:
        """The index of each step's last event, ascending."""
        return tuple(self._ends)

    def _put(self, index: int, step: Step) -> None:
        if not self._ends or index > self._ends[-1]:
            self.steps.append(step)
            self._ends.append(index)
            return
        insort(self._ends, index)
        self.steps.insert(bisect_left(self._ends, index), step)

    def _add(self, index: int, event: ObservedEvent) -> None:
        key = (type(event).__name__, event.tid, getattr(event, "ino", 0))
        last = self.steps[-1] if self.steps else None
        if last is not None and last.key == key and _continues(last, event):
            last.members.append(index)
            last.next_page = _next_page(event)
            self._ends[-1] = index
        else:
            self._put(index, Step([index], key, _next_page(event)))


def _continues(last: Step, event: ObservedEvent) -> bool:
    """Say whether an event like the last step's, of the same thread and file, belongs to it."""
    if isinstance(event, PageCacheAdd | PageCacheRemove):
        return event.index == last.next_page
    return isinstance(event, _MERGED)


def _next_page(event: ObservedEvent) -> int:
    if isinstance(event, PageCacheAdd | PageCacheRemove):
        return event.index + event.pages
    return -1


def _tells(event: SyscallExit, before: State) -> bool:
    """Say whether a call that returns now moved bytes, mapped a file or made one durable."""
    call = before.derivation.calls.get(event.tid)
    if call is None or event.ret < 0:
        return False
    if call.name in SYNCS or call.name == "splice":
        return call.name in SYNCS or event.ret > 0
    files = any(is_cached_file(ref) and not is_program_file(ref.name or "") for ref in call.fds)
    if call.name == "mmap":
        return files
    if call.name not in DATA_CALLS or event.ret == 0:
        return False
    return files or any(ref.kind == "socket" for ref in call.fds)


def _is_durable(event: BlockIssue, before: State) -> bool:
    """Say whether a request belongs to a call that makes a file durable: its metadata, then."""
    call = before.derivation.calls.get(event.tid)
    return call is not None and call.name in SYNCS


def _is_step(event: ObservedEvent, before: State) -> bool:
    if isinstance(event, BlockIssue):
        data = before.directory.is_data(event.ino)
        return event.op in ("read", "write") and (data or _is_durable(event, before))
    if isinstance(event, _OF_FILES):
        return before.directory.is_data(event.ino)
    if isinstance(event, SkbTransmit):
        return event.file_bytes > 0
    if isinstance(event, PageFault):
        return (
            bool(event.ino) or before.derivation.mappings.at(event.pid, event.address) is not None
        )
    if isinstance(event, ContextSwitch):
        return event.reason == "disk" and event.tid in before.derivation.calls
    return isinstance(event, _COPIES)
