"""A trace keeps what was written, up to wherever it was cut or damaged."""

import os
import time
from pathlib import Path

import msgspec
import pytest
from crc32c import crc32c
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traces.trace_file.strategies import EVENT_TYPES, events
from traces.event import Mark, ObservedEvent, SyscallEnter, SyscallExit
from traces.trace_file import Function, TraceError, TraceHeader, TraceReader, TraceWriter
from traces.trace_file import frame as frames

HEADER = TraceHeader(
    probe="strace",
    created="2026-01-02T03:04:05Z",
    capabilities={"syscalls": True},
    gaps=("faults are not seen",),
    functions=(Function(id=0, module="m", qualname="C.f", source="def f():\n    pass\n"),),
)


def calls(count: int, start: int = 0) -> list[ObservedEvent]:
    return [
        SyscallEnter(start + i, 7, 8, "pwrite64", (3, 0, 4096, i * 4096, 0, 0))
        if i % 2 == 0
        else SyscallExit(start + i, 7, 8, "pwrite64", 4096)
        for i in range(count)
    ]


def write(path: Path, sent: list[ObservedEvent], chunk: int = 10) -> None:
    with TraceWriter(path, HEADER) as writer:
        for i in range(0, len(sent), chunk):
            writer.write(sent[i : i + chunk])
            writer.flush()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.lists(events, max_size=30), chunk=st.integers(1, 12))
def test_every_event_comes_back(tmp_path: Path, sent: list[ObservedEvent], chunk: int) -> None:
    path = tmp_path / "any.trace"
    write(path, sent, chunk)
    with TraceReader(path) as reader:
        assert list(reader.events()) == sent
        assert [reader[i] for i in range(len(reader))] == sent
        assert reader.header == HEADER
        assert reader.cut is None


def test_each_kind_of_event_has_a_tag_of_its_own() -> None:
    tags = [kind.__struct_config__.tag for kind in EVENT_TYPES]
    assert len(set(tags)) == len(tags)


def test_random_access_and_ranges(tmp_path: Path) -> None:
    sent = calls(101)
    write(tmp_path / "t", sent)
    with TraceReader(tmp_path / "t") as reader:
        assert reader[-1] == sent[-1]
        assert list(reader.events(15, 37)) == sent[15:37]
        assert list(reader.events(99)) == sent[99:]
        assert [reader.index_at(ts) for ts in (-5, 0, 55, 100, 101)] == [0, 0, 55, 100, 101]
        assert (reader.first_ts, reader.last_ts) == (0, 100)
        with pytest.raises(IndexError):
            reader[101]


def test_cut_at_every_byte(tmp_path: Path) -> None:
    sent = calls(40)
    write(tmp_path / "whole", sent)
    data = (tmp_path / "whole").read_bytes()
    cut_path = tmp_path / "cut"
    seen: set[int] = set()
    refused: list[str] = []
    for end in range(len(data)):
        cut_path.write_bytes(data[:end])
        try:
            reader = TraceReader(cut_path)
        except TraceError as error:
            refused.append(str(error))
            assert not seen
            continue
        with reader:
            seen.add(len(reader))
            assert list(reader.events()) == sent[: len(reader)]
            assert reader.cut is not None
            assert f"{len(reader)} events can be read" in reader.cut
    assert seen == {0, 10, 20, 30, 40}
    assert all(": " in text and text.endswith(".") for text in refused)


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_is_where_the_trace_ends(tmp_path: Path, mask: int) -> None:
    sent = calls(40)
    write(tmp_path / "whole", sent)
    data = (tmp_path / "whole").read_bytes()
    for at in range(len(data)):
        bad = bytearray(data)
        bad[at] ^= mask
        (tmp_path / "bad").write_bytes(bad)
        try:
            reader = TraceReader(tmp_path / "bad")
        except TraceError:
            continue
        with reader:
            assert reader.cut is not None
            assert list(reader.events()) == sent[: len(reader)]


def test_a_reader_follows_a_growing_file(tmp_path: Path) -> None:
    sent = calls(30)
    with TraceWriter(tmp_path / "t", HEADER) as writer, TraceReader(tmp_path / "t") as reader:
        assert (len(reader), reader.complete) == (0, False)
        writer.write(sent[:20])
        assert reader.refresh() == 0
        writer.flush()
        assert reader.refresh() == 20
        writer.write(sent[20:])
        writer.lost = 3
        writer.close()
        assert reader.refresh() == 10
        assert (reader.cut, reader.complete, reader.lost) == (None, True, 3)
        assert list(reader.events()) == sent


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a kafkascope trace"),
        (b"\x7fELF" + bytes(100), "not a kafkascope trace"),
        (frames.MAGIC, "cut before its first frame"),
        (frames.pack_preamble(2) + bytes(50), "format version 2"),
        (frames.pack_preamble(1)[:-1] + b"\0", "damaged"),
        (frames.pack_preamble(1) + frames.pack_frame(frames.KIND_HEADER, b"\x01"), "unknown"),
        (frames.pack_preamble(1) + frames.pack_frame(frames.KIND_EVENTS, b"\x90"), "damaged"),
    ],
)
def test_what_is_no_trace_is_refused_in_a_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(TraceError, match=says):
        TraceReader(tmp_path / "x")


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(TraceError, match="cannot be"):
            TraceReader(path)


def test_a_frame_that_lies_about_its_size_is_not_allocated(tmp_path: Path) -> None:
    write(tmp_path / "t", calls(10))
    whole = (tmp_path / "t").read_bytes()
    honest = frames.pack_frame(frames.KIND_EVENTS, bytes(1 << 20), 1, (0, 0))
    fields = list(frames.HEAD.unpack(honest[: frames.HEAD.size]))
    fields[2] = 100
    lying = frames.HEAD.pack(*fields[:-1], 0)[:36]
    lying += crc32c(lying).to_bytes(4, "little") + honest[frames.HEAD.size :]
    (tmp_path / "lie").write_bytes(whole[: whole.rindex(frames.KIND_END)] + lying)
    with TraceReader(tmp_path / "lie") as reader:
        assert len(list(reader.events(0, 10))) == 10
        with pytest.raises(TraceError, match="sizes differ"):
            reader[10]


def test_unknown_events_are_named_not_raised_raw(tmp_path: Path) -> None:
    write(tmp_path / "t", [])
    whole = (tmp_path / "t").read_bytes()
    raw = msgspec.msgpack.encode([["from the future", 1, 2, 3]])
    foreign = frames.pack_frame(frames.KIND_EVENTS, raw, 1, (1, 1))
    (tmp_path / "t").write_bytes(whole[: whole.rindex(frames.KIND_END)] + foreign)
    with TraceReader(tmp_path / "t") as reader, pytest.raises(TraceError, match="does not know"):
        reader[0]


def test_a_full_disk_leaves_a_readable_trace(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with pytest.raises(TraceError, match="make room"):
        TraceWriter("/dev/full", HEADER)


def test_a_file_size_limit_keeps_whole_frames(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t", HEADER)
    writer.write(calls(50))
    writer.flush()
    os.close(writer._fd)
    writer._fd = os.open(tmp_path / "t", os.O_RDONLY)
    writer.write(calls(50, 50))
    with pytest.raises(TraceError, match="ends after 50 events"):
        writer.flush()
    writer.close()
    with TraceReader(tmp_path / "t") as reader:
        assert list(reader.events()) == calls(50)
        assert reader.cut is not None


def test_a_large_trace_opens_without_being_decoded(tmp_path: Path) -> None:
    block = calls(4096)
    with TraceWriter(tmp_path / "t", HEADER) as writer:
        for _ in range(25):
            writer.write(block)
    started = time.process_time()
    with TraceReader(tmp_path / "t") as reader:
        opened = time.process_time() - started
        assert len(reader) == 25 * 4096
        assert len(reader._cache) == 0
    started = time.process_time()
    with TraceReader(tmp_path / "t") as reader:
        assert sum(1 for _ in reader.events()) == 25 * 4096
    assert opened < (time.process_time() - started) / 3


def test_marks_keep_any_text(tmp_path: Path) -> None:
    sent: list[ObservedEvent] = [Mark(1, 0, 0, "生产 → 消费\0\n")]
    write(tmp_path / "t", sent)
    with TraceReader(tmp_path / "t") as reader:
        assert list(reader.events()) == sent
