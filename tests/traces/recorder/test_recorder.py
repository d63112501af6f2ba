"""Any program into a trace file, whatever happens to the program, the disk or the recorder."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.traces.probes.recording import ROOT, SAMPLE, needs_strace
from traces.event import (
    Lost,
    Mark,
    ObservedEvent,
    ProcessExit,
    ProcessSeen,
    SpanStart,
    SyscallEnter,
    SyscallExit,
)
from traces.probes.base import Available, ProbeError, capability_table
from traces.probes.inprocess.inprocess_probe import InprocessProbe
from traces.probes.strace.strace_probe import StraceProbe
from traces.recorder.choose import PROBES, choose_probe
from traces.recorder.event_window import EventWindow
from traces.recorder.recorder import Recorder
from traces.trace_file import TraceError, TraceReader


class Scripted:
    """A probe that sees what a test tells it."""

    name = "scripted"
    capabilities = capability_table("syscalls")
    gaps = ()

    def __init__(self) -> None:
        self.pending: list[ObservedEvent] = []
        self.missing = 0
        self.watched: list[int] = []

    def availability(self) -> Available:
        return Available("always")

    def wrap(self, argv: list[str]) -> list[str]:
        return argv

    def start(self) -> None:
        self.started = True

    def watch(self, pid: int) -> None:
        self.watched.append(pid)

    def poll(self) -> list[ObservedEvent]:
        seen, self.pending = self.pending, []
        return seen

    def lost(self) -> int:
        return self.missing

    def stop(self) -> None:
        self.started = False


def events_of(path: Path) -> list[ObservedEvent]:
    with TraceReader(path) as reader:
        assert reader.cut is None
        return list(reader.events())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_any_command_is_recorded_without_spans(tmp_path: Path) -> None:
    needs_strace()
    (tmp_path / "text").write_text("hello\n")
    with Recorder(StraceProbe(), tmp_path / "t") as recorder:
        cat = recorder.spawn(["cat", str(tmp_path / "text")], stdout=subprocess.PIPE)
        assert cat.communicate(timeout=30)[0] == b"hello\n"
    events = events_of(tmp_path / "t")
    names = [event.name for event in events if isinstance(event, SyscallEnter)]
    assert names[0] == "execve"
    reads = [
        event
        for event in events
        if isinstance(event, SyscallEnter)
        and event.name == "read"
        and event.fds[0].name == str(tmp_path / "text")
    ]
    assert len(reads) == 2
    assert [event.status for event in events if isinstance(event, ProcessExit)] == [0]


def test_a_signal_reaches_the_program_itself(tmp_path: Path) -> None:
    needs_strace()
    with Recorder(StraceProbe(), tmp_path / "t") as recorder:
        cat = recorder.spawn(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        cat.terminate()
        assert cat.wait(30) == -signal.SIGTERM
        assert cat.stdin is not None
        cat.stdin.close()
    (ended,) = [event for event in events_of(tmp_path / "t") if isinstance(event, ProcessExit)]
    assert ended.status == -signal.SIGTERM


def test_a_running_process_is_attached_to_and_set_free(tmp_path: Path) -> None:
    needs_strace()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        assert cat.stdin is not None
        assert cat.stdout is not None
        with Recorder(StraceProbe(), tmp_path / "t") as recorder:
            try:
                recorder.attach(cat.pid, "broker")
            except ProbeError as error:
                cat.kill()
                pytest.skip(str(error))
            cat.stdin.write(b"x" * 97)
            cat.stdin.flush()
            assert len(cat.stdout.read(97)) == 97
        cat.stdin.write(b"still here\n")
        cat.stdin.close()
        assert cat.stdout.read() == b"still here\n"
        assert cat.wait(30) == 0
    events = events_of(tmp_path / "t")
    assert [e.ret for e in events if isinstance(e, SyscallExit) and e.name == "write"] == [97]
    assert [(e.pid, e.role) for e in events if isinstance(e, ProcessSeen)] == [(cat.pid, "broker")]


def test_a_vanished_process_is_one_sentence(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait(30)
    with Recorder(Scripted(), tmp_path / "t") as recorder:
        with pytest.raises(ProbeError, match="There is no process"):
            recorder.attach(gone.pid)
        with pytest.raises(ProbeError, match="There is no program"):
            recorder.spawn(["no-such-program-here"])


def test_nothing_is_missed_between_start_and_watch(tmp_path: Path) -> None:
    probe = Scripted()
    with Recorder(probe, tmp_path / "t") as recorder:
        echo = recorder.spawn(["sh", "-c", "echo $$"], stdout=subprocess.PIPE)
        assert int(echo.communicate(timeout=30)[0]) == echo.pid
        assert probe.watched == [echo.pid]


def test_start_up_before_the_first_span_is_left_out(tmp_path: Path) -> None:
    needs_strace()
    argv = [sys.executable, "-m", SAMPLE, str(tmp_path)]
    with Recorder(StraceProbe(), tmp_path / "t", [f"{SAMPLE}:main"]) as recorder:
        recorder.spawn(argv, "broker", cwd=ROOT).wait(60)
    summary = recorder.end()
    kinds = [type(event).__name__ for event in events_of(tmp_path / "t")]
    assert kinds.index("SpanStart") < kinds.index("SyscallEnter")
    assert kinds[-1] == "ProcessExit"
    assert summary.left_out > 500
    assert summary.notes == ()


def test_a_program_that_never_enters_a_watched_function_is_said(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", SAMPLE, str(tmp_path)]
    with Recorder(InprocessProbe(), tmp_path / "t", [f"{SAMPLE}:no_such"]) as recorder:
        recorder.spawn(argv, "producer", cwd=ROOT).wait(60)
    assert "The producer" in recorder.end().notes[0]
    assert not [e for e in events_of(tmp_path / "t") if isinstance(e, SyscallEnter)]


def test_marks_and_losses_have_their_place(tmp_path: Path) -> None:
    probe = Scripted()
    with Recorder(probe, tmp_path / "t") as recorder:
        recorder.mark("produce")
        probe.missing = 41
        wait_for(lambda: recorder._lost == 41)
        now = time.monotonic_ns()
        probe.pending.append(Lost(now, 0, 0, 2))
        probe.missing = 43
        wait_for(lambda: recorder._lost == 43)
    events = events_of(tmp_path / "t")
    assert [e.text for e in events if isinstance(e, Mark)] == ["produce"]
    assert [e.count for e in events if isinstance(e, Lost)] == [41, 2]
    with TraceReader(tmp_path / "t") as reader:
        assert reader.lost == recorder.end().lost == 43


def test_an_event_that_comes_much_too_late_is_put_in_order(tmp_path: Path) -> None:
    probe = Scripted()
    with Recorder(probe, tmp_path / "t") as recorder:
        old = time.monotonic_ns()
        recorder.mark("first")
        with TraceReader(tmp_path / "t") as follower:
            wait_for(lambda: follower.refresh() > 0)
        probe.pending.append(SyscallEnter(old, 1, 1, "late"))
    assert recorder.end().late == 1
    assert events_of(tmp_path / "t")[0].ts == old


def test_a_trace_can_be_followed_while_it_grows(tmp_path: Path) -> None:
    with (
        Recorder(Scripted(), tmp_path / "t") as recorder,
        TraceReader(tmp_path / "t") as follower,
    ):
        for text in ("one", "two"):
            recorder.mark(text)
            wait_for(lambda: follower.refresh() > 0)
            last = follower[-1]
            assert isinstance(last, Mark)
            assert last.text == text
        assert not follower.complete
        recorder.end()
        follower.refresh()
        assert follower.complete


def test_a_full_disk_is_said_and_the_program_goes_on(tmp_path: Path) -> None:
    with Recorder(Scripted(), tmp_path / "t") as recorder:
        assert recorder._writer is not None
        recorder.mark("kept")
        with TraceReader(tmp_path / "t") as follower:
            wait_for(lambda: follower.refresh() > 0)
        with open("/dev/full", "wb", buffering=0) as full:
            os.dup2(full.fileno(), recorder._writer._fd)
        recorder.mark("too much")
        wait_for(lambda: recorder._problem is not None)
        true = recorder.spawn(["true"])
        assert true.wait(30) == 0
    problem = recorder.end().problem
    assert problem is not None
    assert "make room" in problem
    with TraceReader(tmp_path / "t") as reader:
        assert [e.text for e in reader.events() if isinstance(e, Mark)] == ["kept"]


def test_a_place_that_cannot_be_written_stops_the_probe(tmp_path: Path) -> None:
    probe = Scripted()
    with pytest.raises(TraceError, match="cannot be created"):
        Recorder(probe, tmp_path / "none" / "t").begin()
    assert probe.started is False


def test_ctrl_c_leaves_a_whole_file(tmp_path: Path) -> None:
    code = f"""
        import subprocess, sys
        from traces.probes.inprocess.inprocess_probe import InprocessProbe
        from traces.recorder.recorder import Recorder
        try:
            with Recorder(InprocessProbe(), {str(tmp_path / "t")!r}) as recorder:
                recorder.mark("begun")
                print("ready", flush=True)
                sys.stdin.read()
        except KeyboardInterrupt:
            print("whole", flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == b"whole\n"
        child.wait(30)
    assert [e.text for e in events_of(tmp_path / "t") if isinstance(e, Mark)] == ["begun"]


def test_a_killed_program_leaves_its_last_spans(tmp_path: Path) -> None:
    code = f"import os, signal; os.kill(os.getpid(), signal.SIGKILL)  # {tmp_path}"
    script = tmp_path / "dies.py"
    script.write_text(f"def main():\n    {code}\n\n\nmain()\n")
    with Recorder(InprocessProbe(), tmp_path / "t", ["__main__:main"]) as recorder:
        assert recorder.spawn([sys.executable, str(script)]).wait(60) == -signal.SIGKILL
    events = events_of(tmp_path / "t")
    assert [e.function for e in events if isinstance(e, SpanStart)] == [0]
    assert [e.status for e in events if isinstance(e, ProcessExit)] == [-signal.SIGKILL]


def test_the_inprocess_probe_refuses_what_it_cannot_see(tmp_path: Path) -> None:
    with Recorder(InprocessProbe(), tmp_path / "t") as recorder:
        with pytest.raises(ProbeError, match="only Python programs"):
            recorder.spawn(["cat"])
        with pytest.raises(ProbeError, match="cannot look into"):
            recorder.attach(os.getpid())


def test_the_window_sorts_and_counts_what_is_late() -> None:
    window = EventWindow()
    window.add([Mark(ts, 0, 0, "") for ts in (5, 3, 9)])
    assert [event.ts for event in window.take(6)] == [3, 5]
    window.add([Mark(4, 0, 0, "")])
    assert [event.ts for event in window.take()] == [4, 9]
    assert window.late == 1


def test_a_probe_is_chosen_with_reasons() -> None:
    choice = choose_probe("auto")
    assert choice.probe.name in PROBES
    better = list(PROBES)[: list(PROBES).index(choice.probe.name)]
    assert len(choice.refused) == len(better)
    assert all(name in text for name, text in zip(better, choice.refused, strict=True))
    with pytest.raises(ProbeError, match="There is no probe"):
        choose_probe("telepathy")
