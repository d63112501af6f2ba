"""Any event at all, for round trips."""

import typing

import msgspec
from hypothesis import strategies as st

from traces import event as ev

_NUMBER = st.integers(-(2**63), 2**63 - 1)
_BY_TYPE: dict[object, st.SearchStrategy[typing.Any]] = {
    int: _NUMBER,
    bool: st.booleans(),
    str: st.text(max_size=40),
    int | None: st.none() | _NUMBER,
    str | None: st.none() | st.text(max_size=40),
    tuple[int, ...]: st.lists(st.integers(-(2**63), 2**64 - 1), max_size=6).map(tuple),
}


def _fields(kind: type[msgspec.Struct]) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: _BY_TYPE[hints[name]] for name in kind.__struct_fields__})


_BY_TYPE[tuple[ev.FdRef, ...]] = st.lists(_fields(ev.FdRef), max_size=2).map(tuple)

EVENT_TYPES: tuple[type[msgspec.Struct], ...] = typing.get_args(ev.ObservedEvent)

events: st.SearchStrategy[ev.ObservedEvent] = st.one_of([_fields(kind) for kind in EVENT_TYPES])
"""Any observed event, every field free."""
