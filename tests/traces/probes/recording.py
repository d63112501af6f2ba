"""Records a small program with a probe, for tests."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from traces.event import ObservedEvent, SpanEnd, SpanLine, SpanStart, SyscallEnter, SyscallExit
from traces.probes.base import Available, Probe
from traces.probes.strace.strace_probe import StraceProbe
from traces.recorder.recorder import Recorder, RecordSummary
from traces.trace_file import Function, TraceReader

ROOT = Path(__file__).parents[3]
WORKLOAD = "tests.traces.probes.workload"
SAMPLE = "tests.traces.probes.sample_program"


@dataclass(frozen=True)
class Recording:
    """What came out: the events, the functions by id, the summary, the exit code."""

    events: list[ObservedEvent]
    functions: tuple[Function, ...]
    summary: RecordSummary
    status: int

    def calls(self, name: str) -> list[tuple[SyscallEnter, SyscallExit]]:
        """Pair the entries of a system call with their exits, by thread."""
        pairs = []
        open_calls: dict[int, SyscallEnter] = {}
        for event in self.events:
            if isinstance(event, SyscallEnter):
                open_calls[event.tid] = event
            elif isinstance(event, SyscallExit) and event.tid in open_calls:
                pairs.append((open_calls.pop(event.tid), event))
        return [(enter, leave) for enter, leave in pairs if enter.name == name]

    def places(self, name: str) -> list[tuple[str, int]]:
        """For each entry of a system call: the innermost watched function and its line."""
        stacks: dict[int, list[list[int]]] = {}
        found = []
        for event in self.events:
            stack = stacks.setdefault(event.tid, [])
            if isinstance(event, SpanStart):
                stack.append([event.function, 0])
            elif isinstance(event, SpanLine):
                stack[-1][1] = event.line
            elif isinstance(event, SpanEnd):
                assert stack.pop()[0] == event.function
            elif isinstance(event, SyscallEnter) and event.name == name and stack:
                found.append((self.functions[stack[-1][0]].qualname, stack[-1][1]))
        return found


def record(
    make: Callable[[], Probe], tmp_path: Path, module: str, names: Iterable[str], *args: str
) -> Recording:
    """Run ``python -m module tmp_path args`` under a new probe."""
    functions = [f"{module}:{name}" for name in names]
    path = tmp_path / "recorded.trace"
    argv = [sys.executable, "-m", module, str(tmp_path), *args]
    with Recorder(make(), path, functions, command="test") as recorder:
        process = recorder.spawn(argv, "broker", cwd=ROOT)
        status = process.wait(60)
    summary = recorder.end()
    with TraceReader(path) as reader:
        assert reader.cut is None
        return Recording(list(reader.events()), reader.header.functions, summary, status)


def line_of(module_file: Path, text: str) -> int:
    """Return the number of the only line that contains a text."""
    lines: Sequence[str] = module_file.read_text(encoding="utf-8").splitlines()
    (number,) = [place for place, line in enumerate(lines, 1) if text in line]
    return number


def needs_strace() -> None:
    """Skip the test, with the reason, where strace does not work."""
    answer = StraceProbe().availability()
    if not isinstance(answer, Available):
        pytest.skip(answer.reason)
