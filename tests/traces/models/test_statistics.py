"""The figures of a trace: hand-counted, of fixed shape, None where nobody looked."""

import json
from pathlib import Path
from typing import Any

import msgspec

from tests.traces.journey import CHUNK, HEADER, LOG_FD, TO_CONSUMER, Tape, write_journey
from traces.event import Lost, ObservedEvent, PageFault, ProcessSeen, SyscallEnter, ThreadUsage
from traces.models.statistics import summarize
from traces.trace_file import TraceHeader, TraceReader, TraceWriter

BLIND = TraceHeader(probe="strace", capabilities={"syscalls": True, "fd_identity": True})


def _figures(path: Path, header: TraceHeader, events: list[ObservedEvent]) -> dict[str, Any]:
    with TraceWriter(path, header) as writer:
        writer.write(events)
    with TraceReader(path) as reader:
        figures = summarize(reader).to_json()
    plain: dict[str, Any] = json.loads(json.dumps(figures))
    assert plain == figures
    return plain


def _prime_workload() -> list[ObservedEvent]:
    """23 appends of 101 bytes, 7 fsyncs, 11 fetches of 509 bytes, 5 failed sends, 3 user faults."""
    tape = Tape()
    tape.thread(7, 7)
    tape.add(ProcessSeen, "broker", "python -m engine broker")
    for _ in range(23):
        tape.call("pwrite64", (9, 1, 101, 0), (LOG_FD,))
        tape.back("pwrite64", 101)
    for _ in range(7):
        tape.call("fsync", (9,), (LOG_FD,))
        tape.back("fsync", 0)
    for _ in range(11):
        tape.call("sendfile", (13, 9, 0, 509), (TO_CONSUMER, LOG_FD))
        tape.back("sendfile", 509)
    for _ in range(5):
        tape.call("sendto", (13, 1, 2, 0), (TO_CONSUMER,))
        tape.back("sendto", -11)
    for _ in range(3):
        tape.add(PageFault, 0x1000, "user", True, "minor")
    tape.thread(8, 8)
    tape.add(ProcessSeen, "consumer")
    for _ in range(2):
        tape.call("recvfrom", (13, 1, 4000, 0), (TO_CONSUMER,))
        tape.back("recvfrom", 1999)
    return tape.events


def test_prime_counts(tmp_path: Path) -> None:
    figures = _figures(tmp_path / "a.trace", HEADER, _prime_workload())
    calls = figures["syscalls"]
    assert {name: one["calls"] for name, one in calls.items()} == {
        "fsync": 7,
        "pwrite64": 23,
        "recvfrom": 2,
        "sendfile": 11,
        "sendto": 5,
    }
    assert calls["sendto"] == {"calls": 5, "errors": 5, "bytes": 0, "total_ns": 5 * 1500}
    assert calls["pwrite64"]["bytes"] == 23 * 101
    assert figures["mode_switches"] == 2 * (23 + 7 + 11 + 5 + 2) + 2 * 3
    assert figures["faults"] == {"minor": 3, "major": 0}
    assert figures["copies"] == [
        _copy("socket buffer", "user", 2 * 1999, 2),
        _copy("user", "page cache", 23 * 101, 23),
    ]


def _copy(source: str, target: str, size: int, count: int) -> dict[str, object]:
    return {"from": source, "to": target, "bytes": size, "count": count, "evidence": "derived"}


def test_what_the_probe_cannot_see_is_null(tmp_path: Path) -> None:
    figures = _figures(tmp_path / "a.trace", BLIND, _prime_workload())
    assert figures["context_switches"] is None
    assert figures["faults"] == {"minor": None, "major": None}
    assert figures["page_cache"] == {"hits": None, "misses": None, "prefetched": None}
    assert figures["dma"] == {"read_bytes": None, "write_bytes": None}
    assert figures["by_reference_bytes"] == 11 * 509
    assert figures["by_reference_evidence"] == "derived"
    nothing = _figures(tmp_path / "b.trace", TraceHeader(probe="none"), _prime_workload())
    assert nothing["syscalls"] is None
    assert nothing["mode_switches"] is None
    assert nothing["copies"] is None
    assert nothing["by_reference_bytes"] is None


def test_the_keys_are_the_fixed_ones(tmp_path: Path) -> None:
    figures = _figures(tmp_path / "a.trace", HEADER, _prime_workload())
    shared = [
        "syscalls",
        "mode_switches",
        "context_switches",
        "faults",
        "page_cache",
        "copies",
        "by_reference_bytes",
        "by_reference_evidence",
        "dma",
    ]
    assert list(figures) == ["events", "lost", "probe", *shared, "by_process", "cut"]
    assert list(figures["by_process"][0]) == ["pid", "role", "name", "command", *shared]


def test_processes_add_up_to_the_whole(tmp_path: Path) -> None:
    figures = _figures(tmp_path / "a.trace", HEADER, _prime_workload())
    broker, consumer = figures["by_process"]
    assert (broker["role"], consumer["role"]) == ("broker", "consumer")
    assert broker["mode_switches"] + consumer["mode_switches"] == figures["mode_switches"]
    assert consumer["copies"] == [_copy("socket buffer", "user", 2 * 1999, 2)]


def test_the_journey(tmp_path: Path) -> None:
    with TraceReader(write_journey(tmp_path / "j.trace")) as reader:
        figures = summarize(reader).to_json()
    assert figures["page_cache"] == {"hits": 16, "misses": 16, "prefetched": 1}
    assert figures["by_reference_bytes"] == CHUNK
    assert figures["by_reference_evidence"] == "observed"
    assert figures["faults"] == {"minor": 2, "major": 1}
    assert figures["context_switches"] == 3
    assert figures["dma"] == {"read_bytes": 4 * CHUNK, "write_bytes": CHUNK}
    assert figures["mode_switches"] == 2 * (
        sum(c["calls"] for c in figures["syscalls"].values()) + 2
    )


def test_loss_and_a_cut_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    events: list[ObservedEvent] = [*_prime_workload(), Lost(2**40, 0, 0, 13)]
    assert _figures(path, HEADER, events)["lost"] == 13
    path.write_bytes(path.read_bytes()[:-1])
    with TraceReader(path) as reader:
        assert summarize(reader).to_json()["cut"] is not None


def test_a_thread_s_usage_counts_as_faults_and_switches(tmp_path: Path) -> None:
    tape = Tape()
    tape.thread(7, 7)
    tape.add(ThreadUsage, 3, 2, 5, 7)
    header = msgspec.structs.replace(HEADER, probe="inprocess")
    figures = _figures(tmp_path / "a.trace", header, tape.events)
    assert figures["faults"] == {"minor": 3, "major": 2}
    assert figures["context_switches"] == 12


def test_a_call_that_began_before_the_trace_counts_once(tmp_path: Path) -> None:
    tape = Tape()
    tape.thread(7, 7)
    tape.back("epoll_wait", 0)
    figures = _figures(tmp_path / "a.trace", HEADER, tape.events)
    assert figures["syscalls"]["epoll_wait"]["calls"] == 1
    assert figures["mode_switches"] == 1  # only the way out was seen
    unended: list[ObservedEvent] = [SyscallEnter(1, 7, 7, "futex")]
    assert _figures(tmp_path / "b.trace", HEADER, unended)["syscalls"]["futex"]["calls"] == 1
