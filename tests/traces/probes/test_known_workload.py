"""Prime counts come back from each probe, and a second tool counts the same."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.traces.probes import workload
from tests.traces.probes.recording import (
    ROOT,
    WORKLOAD,
    Recording,
    line_of,
    needs_strace,
    record,
)
from traces.event import CacheStat, FileSeen, ProcessExit, ProcessSeen
from traces.probes.base import Probe
from traces.probes.inprocess.cachestat import CacheStat as CacheStatCall
from traces.probes.inprocess.inprocess_probe import InprocessProbe
from traces.probes.strace.strace_probe import StraceProbe

EXPECTED = {
    "pwrite64": workload.APPENDS,
    "fsync": workload.FSYNCS,
    "pread64": workload.PREADS,
    "sendfile": workload.FETCHES,
}
NAMES = ("main", "append", "flush", "look_up", "fetch")


@pytest.fixture(params=[StraceProbe, InprocessProbe])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Recording:
    """Record the workload under each probe."""
    make: Callable[[], Probe] = request.param
    if make is StraceProbe:
        needs_strace()
    return record(make, tmp_path, WORKLOAD, NAMES)


def test_every_call_is_counted_with_its_result(recording: Recording, tmp_path: Path) -> None:
    assert recording.status == 0
    assert {name: len(recording.calls(name)) for name in EXPECTED} == EXPECTED
    assert [leave.ret for _, leave in recording.calls("pwrite64")] == [1000] * workload.APPENDS
    assert [leave.ret for _, leave in recording.calls("sendfile")] == [500] * workload.FETCHES
    assert all(leave.ret == 0 for _, leave in recording.calls("fsync"))
    assert all(leave.ts >= enter.ts for name in EXPECTED for enter, leave in recording.calls(name))


def test_descriptors_are_files_and_sockets_with_places(
    recording: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "known.log"
    stat = path.stat()
    for place, (enter, _) in enumerate(recording.calls("pwrite64")):
        (ref,) = enter.fds
        assert (ref.kind, ref.dev, ref.ino, ref.name) == (
            "file",
            stat.st_dev,
            stat.st_ino,
            str(path),
        )
        assert ref.position == place * 1000
    for place, (enter, _) in enumerate(recording.calls("sendfile")):
        target, source = enter.fds
        assert (target.kind, source.kind) == ("socket", "file")
        assert source.position == place * 500
        assert enter.args[3] == 500
    named = [event for event in recording.events if isinstance(event, FileSeen)]
    assert str(path) in {event.name for event in named}


def test_each_call_has_its_function_and_line(recording: Recording) -> None:
    source = Path(workload.__file__)
    for name, function, text in (
        ("pwrite64", "append", "os.pwrite("),
        ("fsync", "flush", "os.fsync("),
        ("pread64", "look_up", "os.pread("),
        ("sendfile", "fetch", "os.sendfile("),
    ):
        assert recording.places(name) == [(function, line_of(source, text))] * EXPECTED[name]


def test_the_trace_is_in_order_and_knows_its_process(recording: Recording) -> None:
    stamps = [event.ts for event in recording.events]
    assert stamps == sorted(stamps)
    (seen,) = [event for event in recording.events if isinstance(event, ProcessSeen)]
    assert (seen.role, WORKLOAD in seen.command) == ("broker", True)
    (ended,) = [event for event in recording.events if isinstance(event, ProcessExit)]
    assert (ended.pid, ended.status) == (seen.pid, 0)
    assert recording.summary.lost == 0


def test_strace_itself_counts_the_same(tmp_path: Path) -> None:
    needs_strace()
    table, log = tmp_path / "table", tmp_path / "known.log"
    log.touch()
    names = ",".join(EXPECTED)
    command = ["strace", "-f", "-c", "-e", f"trace={names}", "-P", str(log), "-o", str(table)]
    plain = [sys.executable, "-m", WORKLOAD, str(tmp_path)]
    subprocess.run([*command, *plain], check=True, cwd=ROOT, capture_output=True, timeout=60)
    # % time, seconds, usecs/call, calls, errors if there were any, name
    rows = [line.split() for line in table.read_text().splitlines()]
    assert {row[-1]: int(row[3]) for row in rows if row and row[-1] in EXPECTED} == EXPECTED


def test_the_inprocess_probe_asks_the_page_cache(tmp_path: Path) -> None:
    if not CacheStatCall().works:
        pytest.skip("this kernel has no cachestat")
    recording = record(InprocessProbe, tmp_path, WORKLOAD, NAMES)
    stats = [event for event in recording.events if isinstance(event, CacheStat)]
    assert len(stats) == workload.PREADS + workload.FETCHES
    assert all(0 < event.cached <= event.pages for event in stats)
