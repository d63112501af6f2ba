"""What every probe offers: is it possible here, how it starts, and the events it saw.

A probe never decides what an event means; it hands over observed events (``traces.event``) and
says in ``capabilities`` which kinds it can see at all, so that a count nobody could make is shown
as "not seen" and never as nought.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from traces.event import ObservedEvent

CAPABILITIES: Final = (
    "syscalls",
    "fd_identity",
    "faults",
    "fault_severity",
    "page_cache",
    "copies_observed",
    "skb_owner",
    "block",
    "context_switches",
    "spans",
    "lines",
)
"""Every key of a header's ``capabilities``, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Available:
    """The probe works here; ``detail`` names what it stands on (a version, a privilege)."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The probe does not work here; ``reason`` and ``remedy`` are one sentence each."""

    reason: str
    remedy: str


Availability = Available | Unavailable


class ProbeError(Exception):
    """A probe could not start or go on; the text is one sentence with what to do."""


class Probe(Protocol):
    """One way to see what processes do: bpf, strace or inprocess."""

    @property
    def name(self) -> str:
        """The probe's short name, as the command line and the trace header spell it."""

    @property
    def capabilities(self) -> Mapping[str, bool]:
        """For each key of CAPABILITIES whether this probe can see it here."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """Sentences a person should know: what is not seen and what the probe disturbs."""

    def availability(self) -> Availability:
        """Say whether the probe works on this machine for this user, without side effects."""

    def wrap(self, argv: list[str]) -> list[str]:
        """Return the command to run instead of ``argv`` so that the probe sees it."""

    def start(self) -> None:
        """Make ready; raises ProbeError. Called once, before the first process is started."""

    def watch(self, pid: int) -> None:
        """Add a running process (its tgid) and its children; raises ProbeError if impossible."""

    def poll(self) -> list[ObservedEvent]:
        """Hand over what was seen since the last call; never blocks for long."""

    def lost(self) -> int:
        """How many events are known to be lost so far."""

    def stop(self) -> None:
        """Stop seeing. One last ``poll()`` after it hands over the rest. Safe to call twice."""


def capability_table(*seen: str) -> dict[str, bool]:
    """Build a full capability mapping from the names that are seen."""
    unknown = set(seen) - set(CAPABILITIES)
    if unknown:
        raise ValueError(f"no such capability: {', '.join(sorted(unknown))}")
    return {name: name in seen for name in CAPABILITIES}
