"""Turns the state after an event into the immutable frame that a screen draws."""

import msgspec

from traces.event import (
    BlockIssue,
    DerivedEvent,
    Event,
    FileWriteCopy,
    ObservedEvent,
    PageLookup,
    SyscallExit,
)
from traces.models.calls import Call
from traces.models.directory import is_program_file
from traces.models.page_cache import PAGE
from traces.models.tally import Tally
from traces.replay.frame import (
    FileCache,
    Frame,
    Function,
    Move,
    ProcessRef,
    StackFrame,
    SyscallState,
    ThreadRef,
)
from traces.replay.state import State


class Position(msgspec.Struct, frozen=True):
    """Where a frame stands in its trace; times in nanoseconds."""

    index: int
    total: int
    start_ts: int
    end_ts: int


class Happening(msgspec.Struct, frozen=True):
    """An event with what came of it. ``run``: all events that the step stands for, it the last."""

    event: ObservedEvent
    derived: tuple[DerivedEvent, ...]
    call: Call | None
    moves: tuple[Move, ...]
    run: tuple[ObservedEvent, ...]


def build_frame(where: Position, happened: Happening, state: State) -> Frame:
    """Return the frame after ``happened``; ``state`` is the one after it."""
    event = happened.event
    capabilities = state.derivation.capabilities
    names = state.directory
    own = state.tallies.by_process.get(event.pid)
    return Frame(
        position=where.index,
        total=where.total,
        ts=event.ts,
        start_ts=where.start_ts,
        end_ts=where.end_ts,
        event=event,
        process=ProcessRef(event.pid, names.role(event.pid), names.label(event.pid)),
        thread=ThreadRef(event.tid, names.threads.get(event.tid, "")),
        counters=state.tallies.total().counters(capabilities),
        own=(own if own is not None else Tally()).counters(capabilities),
        derived=happened.derived,
        stack=_stack(event.tid, state),
        syscall=_syscall(event, happened.call),
        moves=happened.moves,
        levels=state.levels(),
        files=_files(_touched(happened), state),
        chapter=state.chapter,
        events=len(happened.run),
    )


def _stack(tid: int, state: State) -> tuple[StackFrame, ...]:
    known = state.functions
    return tuple(
        StackFrame(known.get(number) or Function(id=number, module="", qualname="?"), line)
        for number, line in state.spans.stacks.get(tid, ())
    )


def _syscall(event: Event, call: Call | None) -> SyscallState | None:
    if isinstance(event, SyscallExit):
        if call is None or call.name != event.name:
            return SyscallState(event.name, (), (), None, event.ret)
        return SyscallState(call.name, call.args, call.fds, call.entered, event.ret)
    if call is None:
        return None
    return SyscallState(call.name, call.args, call.fds, call.entered)


def _files(touched: dict[int, tuple[int, int]], state: State) -> tuple[FileCache, ...]:
    cache, names = state.derivation.cache, state.directory
    return tuple(
        FileCache(
            name=names.short(ino),
            path=names.path(ino),
            dev=names.files.get(ino, ("", 0))[1],
            ino=ino,
            size=len(cache.files[ino]) * PAGE,
            pages=bytes(cache.files[ino]),
            touched=touched.get(ino),
        )
        for ino in reversed(cache.changed)
        if not is_program_file(names.path(ino))
    )


def _touched(happened: Happening) -> dict[int, tuple[int, int]]:
    """Return the first and last page that this step touched, by inode."""
    found: dict[int, tuple[int, int]] = {}
    named = [_pages(event) for event in happened.run]
    named += [_derived_pages(one) for one in happened.derived]
    for pages in named:
        if pages is not None:
            ino, first, last = pages
            low, high = found.get(ino, (first, last))
            found[ino] = (min(low, first), max(high, last))
    return found


def _derived_pages(event: DerivedEvent) -> tuple[int, int, int] | None:
    if isinstance(event, PageLookup):
        pages = event.hits + event.misses + event.prefetched
        return event.ino, event.index, event.index + pages - 1
    if not event.ino or event.offset is None or not event.size:
        return None
    return event.ino, event.offset // PAGE, (event.offset + event.size - 1) // PAGE


def _pages(event: ObservedEvent) -> tuple[int, int, int] | None:
    """Return inode, first and last page that an event names itself."""
    if isinstance(event, FileWriteCopy) and event.size:
        return event.ino, event.offset // PAGE, (event.offset + event.size - 1) // PAGE
    ino, index = getattr(event, "ino", 0), getattr(event, "index", None)
    if not ino or index is None:
        return None
    if isinstance(event, BlockIssue):
        return ino, index, index + max(event.size - 1, 0) // PAGE
    pages = getattr(event, "pages", 1)
    return ino, index, getattr(event, "last", index + pages - 1)
