"""The figures of a whole trace, in one pass: what ``stats`` prints and its JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec

from traces.event import Evidence, Lost, ProcessSeen, SyscallEnter, SyscallExit
from traces.models.calls import DATA_CALLS
from traces.models.derivation import Derivation
from traces.models.directory import Directory
from traces.models.tally import Tallies, Tally
from traces.trace_file import TraceReader


class CallFigures(msgspec.Struct):
    """One system call's figures: ``bytes`` are what data calls returned, times nanoseconds."""

    calls: int = 0
    errors: int = 0
    bytes: int = 0
    total_ns: int = 0


class Figures(msgspec.Struct, frozen=True):
    """The same figures for all processes together or for one."""

    syscalls: dict[str, CallFigures] | None
    tally: Tally
    capabilities: Mapping[str, bool]

    def to_json(self) -> dict[str, Any]:
        """Return the figures under the names that ``stats --json`` fixes; null is "not seen"."""
        counters = self.tally.counters(self.capabilities)
        calls = self.syscalls
        return {
            "syscalls": None
            if calls is None
            else {name: msgspec.to_builtins(calls[name]) for name in sorted(calls)},
            "mode_switches": counters.crossings,
            "context_switches": counters.context_switches,
            "faults": {"minor": counters.minor, "major": counters.major},
            "page_cache": {
                "hits": counters.hits,
                "misses": counters.misses,
                "prefetched": counters.prefetched,
            },
            "copies": None if counters.copies is None else self._copies(),
            "by_reference_bytes": counters.reference_bytes,
            "by_reference_evidence": self._reference_evidence(),
            "dma": {"read_bytes": counters.dma_read, "write_bytes": counters.dma_write},
        }

    def _copies(self) -> list[dict[str, Any]]:
        return [
            {
                "from": source.value,
                "to": target.value,
                "bytes": size,
                "count": count,
                "evidence": evidence.value,
            }
            for (source, target, evidence), (size, count) in sorted(self.tally.copies.items())
        ]

    def _reference_evidence(self) -> str | None:
        """The weaker of what the sum is made of; None if nothing went by reference."""
        seen = self.tally.reference
        if not any(seen.values()):
            return None
        return (Evidence.DERIVED if Evidence.DERIVED in seen else Evidence.OBSERVED).value


class ProcessFigures(msgspec.Struct, frozen=True):
    """One process of the trace and its figures."""

    pid: int
    role: str
    name: str
    command: str
    figures: Figures


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a trace. ``lost``: events known to be missing; ``cut``: why it ends early."""

    events: int
    lost: int
    probe: str
    total: Figures
    by_process: tuple[ProcessFigures, ...]
    cut: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``stats --json`` prints: plain values only."""
        return {
            "events": self.events,
            "lost": self.lost,
            "probe": self.probe,
            **self.total.to_json(),
            "by_process": [
                {
                    "pid": one.pid,
                    "role": one.role,
                    "name": one.name,
                    "command": one.command,
                    **one.figures.to_json(),
                }
                for one in self.by_process
            ],
            "cut": self.cut,
        }


def summarize(reader: TraceReader) -> Statistics:
    """Read a trace once and return its figures. Raises TraceError if a part is damaged.

    Memory does not grow with the trace, only with the number of processes, calls and files in it.
    """
    return _Pass(reader).run()


class _Pass:
    def __init__(self, reader: TraceReader) -> None:
        self._reader = reader
        self._capabilities = reader.header.capabilities
        self._derivation = Derivation(self._capabilities)
        self._tallies = Tallies()
        self._directory = Directory()
        self._calls: dict[int, dict[str, CallFigures]] = {}  # by process and name
        self._entered: dict[int, tuple[str, int]] = {}  # by thread
        self._lost = 0

    def run(self) -> Statistics:
        feed, tally = self._derivation.feed, self._tallies.feed
        events = 0
        for event in self._reader.events():
            events += 1
            tally(event, feed(event))
            if isinstance(event, SyscallEnter):
                self._entered[event.tid] = (event.name, event.ts)
                self._call(event.pid, event.name).calls += 1
            elif isinstance(event, SyscallExit):
                self._exit(event)
            elif isinstance(event, ProcessSeen):
                self._directory.process(event)
            elif isinstance(event, Lost):
                self._lost += event.count
        return Statistics(
            events=events,
            lost=max(self._lost, self._reader.lost),
            probe=self._reader.header.probe,
            total=self._figures(self._tallies.total(), self._all_calls()),
            by_process=self._processes(),
            cut=self._reader.cut,
        )

    def _call(self, pid: int, name: str) -> CallFigures:
        calls = self._calls.setdefault(pid, {})
        figures = calls.get(name)
        if figures is None:
            figures = calls[name] = CallFigures()
        return figures

    def _exit(self, event: SyscallExit) -> None:
        figures = self._call(event.pid, event.name)
        entered = self._entered.pop(event.tid, None)
        if entered is not None and entered[0] == event.name:
            figures.total_ns += event.ts - entered[1]
        else:
            figures.calls += 1  # it began before the trace did
        if event.ret < 0:
            figures.errors += 1
        elif event.name in DATA_CALLS:
            figures.bytes += event.ret

    def _all_calls(self) -> dict[str, CallFigures]:
        total: dict[str, CallFigures] = {}
        for calls in self._calls.values():
            for name, figures in calls.items():
                one = total.setdefault(name, CallFigures())
                one.calls += figures.calls
                one.errors += figures.errors
                one.bytes += figures.bytes
                one.total_ns += figures.total_ns
        return total

    def _processes(self) -> tuple[ProcessFigures, ...]:
        pids = sorted(set(self._tallies.by_process) | set(self._calls) | set(self._directory.roles))
        return tuple(
            ProcessFigures(
                pid=pid,
                role=self._directory.role(pid),
                name=self._directory.label(pid),
                command=self._directory.commands.get(pid, ""),
                figures=self._figures(self._tallies.of(pid), self._calls.get(pid, {})),
            )
            for pid in pids
        )

    def _figures(self, tally: Tally, calls: dict[str, CallFigures]) -> Figures:
        seen = self._capabilities.get("syscalls", False)
        return Figures(calls if seen else None, tally, self._capabilities)
