"""An event as a flat mapping: what filters look at, what JSON holds, what a line shows."""

import enum
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from traces.event import (
    Copy,
    DerivedEvent,
    Dma,
    Evidence,
    FdRef,
    HandOver,
    ObservedEvent,
    PageLookup,
)

FIRST: Final = ("n", "type", "ts", "pid", "tid", "evidence")
DERIVED: Final = (Copy, HandOver, PageLookup, Dma)

AnyEvent = ObservedEvent | DerivedEvent


def event_fields(number: int, event: AnyEvent) -> dict[str, Any]:
    """The event's fields by name, after ``n`` (its place in the trace), type and evidence.

    A derived event carries the ``n`` of the observed event that it follows from.
    """
    evidence = event.evidence if isinstance(event, DERIVED) else Evidence.OBSERVED
    fields: dict[str, Any] = {
        "n": number,
        "type": event.__struct_config__.tag,
        "ts": event.ts,
        "pid": event.pid,
        "tid": event.tid,
        "evidence": str(evidence),
    }
    for name in event.__struct_fields__:
        if name not in fields:
            fields[name] = _plain(getattr(event, name))
    return fields


def known_fields() -> frozenset[str]:
    """Every name that a filter may use."""
    names = {name for kind in _event_types() for name in kind.__struct_fields__}
    return frozenset(names | set(FIRST) | {"fd", "file"})


def describe(fields: Mapping[str, Any], start_ts: int) -> str:
    """One line for people; time in microseconds since ``start_ts``."""
    rest = " ".join(
        f"{name}={_short(value)}"
        for name, value in fields.items()
        if name not in FIRST and value not in (None, "", (), [], 0)
    )
    at = (fields["ts"] - start_ts) / 1000
    who = f"{fields['pid']}/{fields['tid']}"
    return f"{fields['n']:>7} {at:>12.1f} {who:>13} {fields['evidence']:<8} {fields['type']:<13} {rest}"


def _event_types() -> tuple[type[msgspec.Struct], ...]:
    observed: tuple[type[msgspec.Struct], ...] = ObservedEvent.__args__
    return observed + DERIVED


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, FdRef):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    return value


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_short(item) for item in value)
    if isinstance(value, dict):
        return f"{value['fd']}<{value['name'] or value['kind']}>"
    return str(value)
