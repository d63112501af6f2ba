"""What one event moved, as arrows for a picture."""

from collections.abc import Callable
from typing import Any, Final

from traces.event import (
    DerivedEvent,
    DirtyFolio,
    Evidence,
    FdRef,
    HandOver,
    MapPages,
    ObservedEvent,
    PageFault,
    PageLookup,
    SyscallEnter,
    SyscallExit,
)
from traces.models.page_cache import PAGE
from traces.replay.frame import Move, MoveKind, Place
from traces.replay.state import State, pages_text


def moves_of(
    event: ObservedEvent, derived: tuple[DerivedEvent, ...], state: State, fds: tuple[FdRef, ...]
) -> tuple[Move, ...]:
    """Return the moves of ``event``; ``state`` is the one after it, ``fds`` those of its call.

    The way out of the kernel comes last: what a call moved, it moved before it returned.
    """
    own = _OWN.get(type(event))
    crossing = own(event, state) if own is not None else ()
    moved = tuple(_transfer(one, state, fds) for one in derived if not isinstance(one, PageLookup))
    return (*moved, *crossing) if isinstance(event, SyscallExit) else (*crossing, *moved)


def merged(moves: list[Move]) -> tuple[Move, ...]:
    """Add up moves of one kind between the same places; the order of the first of each stays."""
    sums: dict[tuple[str, str, str, str], Move] = {}
    for move in moves:
        key = (move.source.key, move.target.key, move.how, move.rule)
        before = sums.get(key)
        sums[key] = move if before is None else _sum(before, move)
    return tuple(sums.values())


def _sum(one: Move, two: Move) -> Move:
    pages = one.pages or two.pages
    if one.pages and two.pages:
        pages = (min(one.pages[0], two.pages[0]), max(one.pages[1], two.pages[1]))
    return Move(
        source=_with_pages(one.source, pages),
        target=_with_pages(one.target, pages),
        size=one.size + two.size,
        how=one.how,
        evidence=one.evidence,
        rule=one.rule,
        pages=pages,
    )


def _with_pages(place: Place, pages: tuple[int, int] | None) -> Place:
    """Let a place in a file speak of all the pages of a sum."""
    if pages is None or place.kind not in ("cache", "disk"):
        return place
    return Place(place.kind, place.owner, pages_text(*pages))


def _transfer(event: DerivedEvent, state: State, fds: tuple[FdRef, ...]) -> Move:
    assert not isinstance(event, PageLookup)
    how: MoveKind = "copy"
    if isinstance(event, HandOver):
        how = "reference"
    elif event.rule in ("block-dma", "nic-dma"):
        how = "dma"
    pages = None
    if event.offset is not None and event.size:
        pages = (event.offset // PAGE, (event.offset + event.size - 1) // PAGE)
    return Move(
        source=state.place(event.source, event, fds),
        target=state.place(event.target, event, fds),
        size=event.size,
        how=how,
        evidence=event.evidence,
        rule=event.rule,
        pages=pages,
    )


def _cross(event: SyscallEnter | SyscallExit, state: State) -> tuple[Move, ...]:
    owner = state.directory.label(event.pid)
    outside, inside = Place("cpu", owner), Place("kernel", owner, event.name)
    if isinstance(event, SyscallEnter):
        return (Move(outside, inside, 0, "crossing-in", Evidence.OBSERVED),)
    return (Move(inside, outside, 0, "crossing-out", Evidence.OBSERVED),)


def _fault(event: PageFault, state: State) -> tuple[Move, ...]:
    ino, page = event.ino, event.index
    if not ino:
        mapping = state.derivation.mappings.at(event.pid, event.address)
        if mapping is None:
            return ()
        ino, page = mapping.ino, (mapping.offset + event.address - mapping.address) // PAGE
    owner, name = state.directory.label(event.pid), state.directory.short(ino)
    detail = "" if page is None else f"page {page}"
    source = Place("mapping", owner, f"{name} {detail}".strip())
    pages = None if page is None else (page, page)
    target = Place("cache", name, detail)
    return (Move(source, target, 0, "fault", Evidence.OBSERVED, pages=pages),)


def _map_pages(event: MapPages, state: State) -> tuple[Move, ...]:
    name = state.directory.short(event.ino)
    detail = f"pages {event.index}-{event.last}"
    source = Place("mapping", state.directory.label(event.pid), f"{name} {detail}")
    pages = (event.index, event.last)
    target = Place("cache", name, detail)
    return (Move(source, target, 0, "fault", Evidence.OBSERVED, pages=pages),)


def _dirty(event: DirtyFolio, state: State) -> tuple[Move, ...]:
    place = Place("cache", state.directory.short(event.ino), f"page {event.index}")
    pages = (event.index, event.index)
    return (Move(place, place, 0, "dirty", Evidence.OBSERVED, pages=pages),)


_OWN: Final[dict[type, Callable[[Any, State], tuple[Move, ...]]]] = {
    SyscallEnter: _cross,
    SyscallExit: _cross,
    PageFault: _fault,
    MapPages: _map_pages,
    DirtyFolio: _dirty,
}
