"""Spans of chosen functions: how they begin, which line calls, how they end."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.traces.probes import sample_program
from tests.traces.probes.recording import ROOT, SAMPLE, Recording, line_of, record
from traces.event import SpanEnd, SpanLine, SpanStart, ThreadSeen
from traces.probes.inprocess.inprocess_probe import InprocessProbe
from traces.probes.launch_command import program_start, with_launcher
from traces.probes.ring.layout import SPAN_RECORD, create_ring
from traces.probes.spans.functions import missing, read_functions
from traces.probes.spans.span_source import SpanSource

NAMES = ("main", "Log.__init__", "Log.append", "fail", "numbers", "worker")
FILE = Path(sample_program.__file__)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Record the sample program."""
    return record(InprocessProbe, tmp_path, SAMPLE, NAMES, "b")


def spans(recording: Recording, name: str) -> tuple[int, int]:
    number = NAMES.index(name)
    starts = [e for e in recording.events if isinstance(e, SpanStart) and e.function == number]
    ends = [e for e in recording.events if isinstance(e, SpanEnd) and e.function == number]
    return len(starts), len(ends)


def test_every_start_has_its_end_even_by_exception(recording: Recording) -> None:
    assert spans(recording, "main") == (1, 1)
    assert spans(recording, "Log.append") == (2, 2)
    assert spans(recording, "fail") == (1, 1)
    assert spans(recording, "numbers") == (3, 3)


def test_the_program_does_not_notice(recording: Recording, tmp_path: Path) -> None:
    plain = subprocess.run(
        [sys.executable, "-m", SAMPLE, str(tmp_path), "b"], cwd=ROOT, check=False, timeout=60
    )
    assert recording.status == plain.returncode == 3


def test_a_call_through_an_unwatched_function_has_the_line_in_each(recording: Recording) -> None:
    append = NAMES.index("Log.append")
    callers = [
        e.caller_line for e in recording.events if isinstance(e, SpanStart) and e.function == append
    ]
    assert callers == [
        line_of(FILE, 'log.append(b"x" * 100, 0)'),
        line_of(FILE, 'log.append(b"y" * 50, 100)'),
    ]
    lines = {e.line for e in recording.events if isinstance(e, SpanLine)}
    assert line_of(FILE, "os.pwrite(") in lines
    assert line_of(FILE, "    unwatched(log)") in lines


def test_a_line_is_told_only_for_calls_that_may_enter_the_kernel(recording: Recording) -> None:
    lines = {e.line for e in recording.events if isinstance(e, SpanLine)}
    assert line_of(FILE, "size = len(data)") not in lines


def test_threads_have_the_names_their_program_gave_them(recording: Recording) -> None:
    names = {e.name for e in recording.events if isinstance(e, ThreadSeen)}
    assert {"MainThread", "sample-worker"} <= names


def test_the_header_carries_the_source(recording: Recording) -> None:
    function = recording.functions[NAMES.index("Log.append")]
    assert function.first_line == line_of(FILE, "def append")
    assert function.source.splitlines()[0].strip().startswith("def append")
    assert function.file == "tests/traces/probes/sample_program.py"


def test_source_is_read_without_importing() -> None:
    code = (
        "import sys, traces.probes.spans.functions as f;"
        "r = f.read_functions(['tests.traces.probes.workload:fetch', 'no.such:thing']);"
        "assert r[0].source.startswith('def fetch'), r;"
        "assert f.missing(r) == ('no.such:thing',);"
        "assert not any(m.startswith('tests') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_a_name_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        read_functions(["no colon"])


def test_what_is_missing_is_named() -> None:
    found = read_functions([f"{SAMPLE}:Log.append", f"{SAMPLE}:Log.nothing"])
    assert missing(found) == (f"{SAMPLE}:Log.nothing",)


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        (["python", "-m", "engine", "broker"], 1),
        (["/usr/bin/python3.12", "-X", "dev", "-W", "error", "-m", "engine"], 5),
        (["python", "-u", "script.py", "-m"], 2),
        (["python", "-c", "pass"], None),
        (["python", "-"], None),
        (["python"], None),
        (["cat", "-m", "x"], None),
        ([], None),
    ],
)
def test_python_programs_are_recognized(argv: Sequence[str], start: int | None) -> None:
    assert program_start(argv) == start


def test_two_launchers_become_one() -> None:
    once = with_launcher(["python", "-m", "engine", "x"], "--spans", "s", "--functions", "f")
    assert once is not None
    twice = with_launcher(once, "--inprocess", "i")
    assert twice is not None
    assert twice.count("traces.probes.launcher") == 1
    assert twice[-4:] == ["--", "-m", "engine", "x"]


def test_a_full_ring_counts_what_it_could_not_take(tmp_path: Path) -> None:
    ring, names = tmp_path / "ring", tmp_path / "names.json"
    create_ring(str(ring), SPAN_RECORD, 70)
    names.write_text(json.dumps([f"{SAMPLE}:{name}" for name in NAMES]))
    argv = with_launcher(
        [sys.executable, "-m", SAMPLE, str(tmp_path)],
        *("--spans", str(ring), "--functions", str(names)),
    )
    assert argv is not None
    source = SpanSource(str(ring))
    subprocess.run(argv, cwd=ROOT, check=False, timeout=60)
    events = [e for e in source.poll() if not isinstance(e, ThreadSeen)]
    assert len(events) == 6
    assert source.lost > 10
    source.close()
