"""The shim tells the system call behind each Python call, its result and its descriptors."""

import errno
import sys
from pathlib import Path

import pytest

from tests.traces.probes.recording import Recording, record
from traces.event import SyscallEnter, SyscallExit, ThreadUsage
from traces.probes.inprocess.inprocess_probe import InprocessProbe

MODULE = "tests.traces.probes.shim_program"


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Record the program of every call."""
    found = record(InprocessProbe, tmp_path, MODULE, ["main"])
    assert found.status == 0
    return found


def test_results_and_errors_are_the_kernels(recording: Recording) -> None:
    results = [
        (event.name, event.ret)
        for event in recording.events
        if isinstance(event, SyscallExit) and event.name not in ("openat", "accept4", "close")
    ]
    expected = [
        ("recvfrom", -errno.EAGAIN),
        ("sendmsg", 3),
        ("sendto", 2),
        ("epoll_wait", 1),
        ("recvfrom", 5),
        ("write", 300),
        ("write", 200),
        ("ftruncate", 0),
        ("mmap", 0),
        ("msync", 0),
        ("write", 8),
        ("read", 8),
    ]
    if sys.platform != "linux":
        expected = [pair for pair in expected if pair[0] != "epoll_wait" and pair[1] != 8]
    assert results == expected
    assert [leave.ret for _, leave in recording.calls("openat")][-1] == -errno.ENOENT


def test_both_ends_of_a_connection_are_named(recording: Recording) -> None:
    (received, _) = recording.calls("recvfrom")[1]
    (sent, _) = recording.calls("sendto")[0]
    (here, there) = (ref.name or "" for call in (received, sent) for ref in call.fds)
    assert here.startswith("tcp 127.0.0.1:")
    assert here.removeprefix("tcp ").split("->") == there.removeprefix("tcp ").split("->")[::-1]


def test_sequential_writes_have_their_place(recording: Recording) -> None:
    assert [enter.fds[0].position for enter, _ in recording.calls("write")][:2] == [0, 300]


def test_a_mapping_knows_its_file_and_size(recording: Recording, tmp_path: Path) -> None:
    ((mapped, _),) = recording.calls("mmap")
    assert mapped.args[1] == 4096
    assert mapped.fds[0].ino == (tmp_path / "shim.log").stat().st_ino


def test_the_usage_of_a_call_follows_its_exit(recording: Recording) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux counts by thread")
    usages = [e for e in recording.events if isinstance(e, ThreadUsage)]
    assert all(e.minor + e.major + e.voluntary + e.involuntary > 0 for e in usages)
    entries = [e for e in recording.events if isinstance(e, SyscallEnter)]
    assert {e.tid for e in usages} <= {e.tid for e in entries}
