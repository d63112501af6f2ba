"""The journey's sample still shows what its lesson lets the learner find out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from traces.event import (
    BlockIssue,
    Evidence,
    FileSeen,
    HandOver,
    Mark,
    ObservedEvent,
    PageFault,
    Region,
    SkbTransmit,
    SyscallEnter,
    SyscallExit,
)
from traces.models.derivation import Derivation
from traces.models.statistics import summarize
from traces.trace_file import TraceReader

SAMPLE = Path(__file__).parents[2] / "traces" / "samples" / "journey.trace"


@pytest.fixture(scope="module")
def reader() -> Iterator[TraceReader]:
    """The bundled trace."""
    with TraceReader(SAMPLE) as opened:
        yield opened


@pytest.fixture(scope="module")
def events(reader: TraceReader) -> list[ObservedEvent]:
    """All of its events."""
    return list(reader.events())


def inode(events: list[ObservedEvent], ending: str) -> int:
    """The inode of the one file with that ending."""
    found = {e.ino for e in events if isinstance(e, FileSeen) and e.name.endswith(ending)}
    assert len(found) == 1, ending
    return found.pop()


def written(events: list[ObservedEvent], ino: int) -> int:
    """Bytes that write calls brought to one file."""
    total, inside = 0, {}
    for event in events:
        if isinstance(event, SyscallEnter) and event.name == "write":
            inside[event.tid] = event.fds[0].ino if event.fds else 0
        elif isinstance(event, SyscallExit) and inside.pop(event.tid, None) == ino:
            total += max(event.ret, 0)
    return total


def test_it_is_whole_and_small(reader: TraceReader) -> None:
    """Nothing lost, nothing cut, recorded by the probe that sees most; under 400 KB."""
    assert (reader.cut, reader.lost, reader.header.probe) == (None, 0, "bpf")
    assert SAMPLE.stat().st_size < 400_000


def test_in_by_one_copy_each(reader: TraceReader, events: list[ObservedEvent]) -> None:
    """Question 1: once out of the socket, once into the page cache, and no copy between."""
    log_bytes = written(events, inode(events, ".log"))
    broker = next(p for p in summarize(reader).to_json()["by_process"] if p["role"] == "broker")
    copied = {(c["from"], c["to"]): c["bytes"] for c in broker["copies"]}
    assert log_bytes > 10 * 4096
    assert log_bytes <= copied[("socket buffer", "user")] < 1.1 * log_bytes
    assert log_bytes <= copied[("user", "page cache")] < 1.1 * log_bytes


def test_answered_before_any_disk(events: list[ObservedEvent]) -> None:
    """Question 2: until the consumer comes, no block request carries a page of the segment."""
    log = inode(events, ".log")
    before = events[: next(i for i, e in enumerate(events) if e == _fetch_mark(events))]
    assert not [e for e in before if isinstance(e, BlockIssue) and e.ino == log]


def test_out_by_reference(reader: TraceReader, events: list[ObservedEvent]) -> None:
    """Question 3: what sendfile returned left as pages of the segment, seen packet by packet."""
    log = inode(events, ".log")
    rules = Derivation(reader.header.capabilities)
    handed = [d for e in events for d in rules.feed(e) if isinstance(d, HandOver)]
    sent = sum(e.ret for e in events if isinstance(e, SyscallExit) and e.name == "sendfile")
    assert sent == written(events, log)
    assert sum(h.size for h in handed) == sent
    assert {(h.source, h.target, h.evidence, h.ino) for h in handed} == {
        (Region.PAGE_CACHE, Region.SOCKET, Evidence.OBSERVED, log)
    }
    packets = [e for e in events if isinstance(e, SkbTransmit) and e.ino == log]
    assert all(p.private_bytes == 0 for p in packets)


def test_the_index_without_a_call(events: list[ObservedEvent]) -> None:
    """Question 4: no write call ever names the index; its pages come by faults."""
    index = inode(events, "0.index")
    assert written(events, index) == 0
    assert [e for e in events if isinstance(e, PageFault) and e.ino == index]


def _fetch_mark(events: list[ObservedEvent]) -> ObservedEvent:
    return next(e for e in events if isinstance(e, Mark) and e.text == "fetch")
