"""Record a program with real probes, and pick events out of what they saw."""

import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from traces.event import Event, ObservedEvent, SyscallEnter, SyscallExit
from traces.probes.base import Available
from traces.probes.bpf.availability import availability
from traces.probes.bpf.bpf_probe import BpfProbe

WORKLOAD = Path(__file__).with_name("workload.py")
_DEADLINE_SECONDS = 30

Kind = TypeVar("Kind", bound=Event)


def why_not() -> str:
    """The reason to skip what needs a working probe; empty if there is none."""
    answer = availability()
    return "" if isinstance(answer, Available) else f"no BPF here: {answer.reason}"


class Seen:
    """What one probe saw of one program."""

    def __init__(self, events: list[ObservedEvent], lost: int) -> None:
        self.events = events
        self.lost = lost

    def of(self, kind: type[Kind], ino: int | None = None) -> list[Kind]:
        """Events of a kind, of one inode if it is given."""
        found = [event for event in self.events if isinstance(event, kind)]
        return [e for e in found if ino is None or getattr(e, "ino", None) == ino]

    def calls(self, ino: int | None = None) -> Counter[str]:
        """How often each call was entered, on one inode if it is given."""
        entered = self.of(SyscallEnter)
        if ino is not None:
            entered = [call for call in entered if any(fd.ino == ino for fd in call.fds)]
        return Counter(call.name for call in entered)

    def calls_of_the_program(self) -> Counter[str]:
        """How often each call was entered, from the execve that became the program on."""
        entered = [call.name for call in self.of(SyscallEnter)]
        return Counter(entered[entered.index("execve") :])

    def returned(self, name: str) -> int:
        """Sum of a call's positive return values."""
        return sum(e.ret for e in self.of(SyscallExit) if e.name == name and e.ret > 0)


def started(count: int = 1) -> list[BpfProbe]:
    """Probes that are ready."""
    probes = [BpfProbe() for _ in range(count)]
    for probe in probes:
        probe.start()
    return probes


def record(probes: Sequence[BpfProbe], argv: list[str]) -> tuple[list[Seen], str]:
    """Run ``argv`` under the probes from its first call on; returns what they saw, and its output.

    The probes are stopped.
    """
    seen: list[list[ObservedEvent]] = [[] for _ in probes]
    with subprocess.Popen(
        _held_back(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for probe in probes:
            probe.watch(child.pid)
        child.stdin.write("\n")
        end = time.monotonic() + _DEADLINE_SECONDS
        while child.poll() is None:
            assert time.monotonic() < end, "the program does not end"
            select.select([child.stdout], [], [], 0.005)
            for probe, events in zip(probes, seen, strict=True):
                events.extend(probe.poll())
        output = child.stdout.read()
    for probe, events in zip(probes, seen, strict=True):
        probe.stop()
        events.extend(probe.poll())
    return [Seen(e, p.lost()) for e, p in zip(seen, probes, strict=True)], output


def workload(folder: Path) -> list[str]:
    """The command that runs the known workload in ``folder``, with a lean interpreter."""
    return [sys.executable, "-I", "-S", str(WORKLOAD), str(folder)]


def _held_back(argv: list[str]) -> list[str]:
    """``argv`` behind a shell that waits for a line first."""
    return ["/bin/sh", "-c", 'read line; exec "$@"', "sh", *argv]
