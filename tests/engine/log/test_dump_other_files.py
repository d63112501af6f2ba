"""The dump of snapshots, transaction indexes, checkpoints and offsets, and the map of a segment."""

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.topic_partition import TopicPartition
from engine.log.dump_map import SegmentMap
from engine.log.log_config import LogConfig
from engine.log.offsets_message_parser import parse_offsets_record
from engine.log.unified_log import UnifiedLog
from engine.nio.page_cache import PAGE_SIZE, resident_pages
from engine.record.default_record import DefaultRecord
from tests.engine.log.foreign import NOT_CLEANLY_SHUT, needs_fixtures
from tests.engine.log.producers import PID, end_transaction, now_ms, numbered
from tests.engine.log.test_dump_log_segments import dump
from tests.engine.record.batches import a_batch

TP = TopicPartition("orders", 0)
NAME = f"{0:020}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A closed log: transactions, a marker, plain batches over several pages, index entries."""
    path = tmp_path / str(TP)
    with closing(UnifiedLog(str(path), TP, LogConfig(segment_index_bytes=4096))) as log:
        log.append_as_leader(numbered(0, 2, timestamp=now_ms(), transactional=True))
        end_transaction(log, commit=False, coordinator_epoch=7)
        later = now_ms() + 10_000
        for number in range(30):
            log.append_as_leader(a_batch(b"x" * 1000, timestamp=later + number))
    return path


def test_a_snapshot(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In Kafka's words; a producer with an open transaction, and one without a batch."""
    with closing(UnifiedLog(str(directory), TP, LogConfig(segment_index_bytes=4096))) as log:
        log.append_as_leader(
            numbered(5, 3, pid=77, epoch=2, timestamp=now_ms(), transactional=True)
        )
        end_transaction(log, commit=True, pid=1, epoch=4, coordinator_epoch=3)
        last = [log.producer_state_manager.active_producers[p].last_timestamp for p in (PID, 77, 1)]
        batch = log.producer_state_manager.active_producers[PID].batch_metadata[-1].timestamp
    path = directory / f"{37:020}.snapshot"
    assert dump(path) == 0
    # Only one timestamp a producer is kept: that of its marker here.
    assert batch <= last[0]
    assert capsys.readouterr().out.splitlines() == [
        f"Dumping {path}",
        (
            f"producerId: {PID} producerEpoch: 0 coordinatorEpoch: 7 "
            f"currentTxnFirstOffset: OptionalLong.empty lastTimestamp: {last[0]} firstSequence: 0 "
            f"lastSequence: 1 lastOffset: 1 offsetDelta: 1 timestamp: {last[0]}"
        ),
        (
            "producerId: 77 producerEpoch: 2 coordinatorEpoch: -1 "
            f"currentTxnFirstOffset: OptionalLong[33] lastTimestamp: {last[1]} firstSequence: 5 "
            f"lastSequence: 7 lastOffset: 35 offsetDelta: 2 timestamp: {last[1]}"
        ),
        (
            "producerId: 1 producerEpoch: 4 coordinatorEpoch: 3 "
            f"currentTxnFirstOffset: OptionalLong.empty lastTimestamp: {last[2]} "
        ),
    ]


def test_broken_files_get_a_sentence(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, whatever is named."""
    snapshot = next(directory.glob("*.snapshot"))
    snapshot.write_bytes(b"\0\1rubbish")
    assert dump(snapshot) == 0
    assert "is broken" in capsys.readouterr().err
    (directory / f"{NAME}.txnindex").write_bytes(b"\0\5" + bytes(32))
    assert dump(directory / f"{NAME}.txnindex") == 1
    assert "version 5" in capsys.readouterr().err
    (directory / "leader-epoch-checkpoint").write_bytes(b"0\n9\n0 0\n")
    assert dump(directory / "leader-epoch-checkpoint") == 1
    assert "remove it" in capsys.readouterr().err
    assert dump(directory / "recovery-point-offset-checkpoint") == 1
    assert "Cannot read" in capsys.readouterr().err


def test_a_transaction_index_and_a_checkpoint(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry a line."""
    assert dump(directory / f"{NAME}.txnindex", directory / "leader-epoch-checkpoint") == 0
    assert capsys.readouterr().out.splitlines()[1::2] == [
        f"version: 0 producerId: {PID} firstOffset: 0 lastOffset: 2 lastStableOffset: 3",
        "epoch: 0 startOffset: 0",
    ]


def test_index_options(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sanity alone, verifying alone, and a limit that a batch does not keep."""
    index, time_index = directory / f"{NAME}.index", directory / f"{NAME}.timeindex"
    assert dump(index, time_index, "--index-sanity-check") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[1::2] == [f"{index} passed sanity check.", f"{time_index} passed sanity check."]
    assert dump(index, "--verify-index-only") == 0
    assert capsys.readouterr() == (f"Dumping {index}\n", "")
    assert dump(index, "--max-message-size", "100") == 1
    assert "at most 100 bytes" in capsys.readouterr().err
    index.write_bytes(index.read_bytes() + b"odd")
    assert dump(index, "--index-sanity-check") == 1
    assert "no multiple of 8" in capsys.readouterr().err


def test_log_options(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The marker with its coordinator; no more than --max-bytes; only keys and values."""
    log = directory / f"{NAME}.log"
    assert dump(log, "--deep-iteration", "--max-bytes", "250") == 0
    out = capsys.readouterr().out
    assert "endTxnMarker: ABORT coordinatorEpoch: 7" in out
    assert len(out.splitlines()) == 7
    assert dump(log, "--print-data-log", "--skip-record-metadata", "--max-bytes", "100") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["| payload: value 0", "| payload: value 1"]


@needs_fixtures
def test_offsets_of_a_real_broker(capsys: pytest.CaptureFixture[str]) -> None:
    """Every record of the real __consumer_offsets is a group or an offset, as JSON."""
    log = NOT_CLEANLY_SHUT / "__consumer_offsets-21" / f"{NAME}.log"
    assert dump(log, "--offsets-decoder") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(lines) == 47
    keys = [json.loads(line.split(" key: ")[1].split(" payload: ")[0]) for line in lines]
    assert {key["type"] for key in keys} == {"1", "2"}
    assert {key["data"]["group"] for key in keys} == {"console-consumer-27984"}
    group = json.loads(lines[0].split(" payload: ")[1])
    (member,) = group["data"]["members"]
    assert member["subscription"] == {"topics": ["test"], "userData": ""}
    assert member["assignment"]["assignedPartitions"] == [{"topic": "test", "partitions": [0]}]
    offset = json.loads(lines[1].split(" payload: ")[1])
    assert offset["version"] == "1"
    assert list(offset["data"]) == ["offset", "metadata", "commitTimestamp", "expireTimestamp"]


@needs_fixtures
def test_checkpoints_of_a_real_broker(capsys: pytest.CaptureFixture[str]) -> None:
    """All 52 partitions."""
    assert dump(NOT_CLEANLY_SHUT / "replication-offset-checkpoint") == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 53
    assert "topic: __consumer_offsets partition: 21 offset: 47" in out


def test_offsets_by_hand() -> None:
    """A tombstone, a flexible value, a type of newer brokers, and what is no offset at all."""
    key = b"\0\1\0\1g\0\1t\0\0\0\3"
    named = '{"type":"1","data":{"group":"g","topic":"t","partition":3}}'
    assert parse_offsets_record(DefaultRecord(5, 0, key, None)) == (named, "<DELETE>")
    flexible = (
        b"\0\4" + (9).to_bytes(8, "big") + b"\0\0\0\1" + b"\2m" + (8).to_bytes(8, "big") + b"\0"
    )
    assert parse_offsets_record(DefaultRecord(5, 0, key, flexible)) == (
        named,
        '{"version":"4","data":{"offset":9,"leaderEpoch":1,"metadata":"m","commitTimestamp":8}}',
    )
    newer = parse_offsets_record(DefaultRecord(5, 0, b"\0\7xyz", b""))
    assert newer == ("Unknown record type 7 at offset 5, skipping.", None)
    for broken in (None, b"", b"\0\1\0\5g", b"\0\1\x7f\xff"):
        text, value = parse_offsets_record(DefaultRecord(5, 0, broken, b""))
        assert value is None
        assert text is not None
        assert text.startswith("Error at offset 5, skipping.")


@given(
    st.sampled_from([b"\0\0", b"\0\1", b"\0\2", b""]).flatmap(
        lambda head: st.binary(max_size=40).map(lambda rest: head + rest)
    ),
    st.none()
    | st.integers(0, 4).flatmap(
        lambda v: st.binary(max_size=80).map(lambda rest: v.to_bytes(2, "big") + rest)
    ),
)
def test_hostile_offsets(key: bytes, value: bytes | None) -> None:
    """Any bytes give a text, and no huge length is believed."""
    text, _ = parse_offsets_record(DefaultRecord(0, 0, key, value))
    assert text


def drawn(path: Path, width: int) -> list[str]:
    """The picture's lines."""
    return list(SegmentMap(str(path), 0, width).lines())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_map(directory: Path, width: int) -> None:
    """Batches, marker, index entries, pages and legend, in plain characters and not too wide."""
    lines = drawn(directory / f"{NAME}.log", width)
    text = "\n".join(lines)
    assert text.isascii()
    assert max(map(len, lines)) <= max(width, 80)
    assert lines[0].startswith(f"{(directory / f'{NAME}.log').stat().st_size} bytes, 32 batches")
    assert lines[1].startswith("index: 7 entries; time index: 8 entries")
    for meaning in ("a batch", "both point here", "in the page cache"):
        assert meaning in "".join(lines[-6:])


def test_what_the_map_shows_is_there(directory: Path) -> None:
    """Each batch's beginning, and where each entry of the index points to."""
    path = directory / f"{NAME}.log"
    picture = SegmentMap(str(path), 0, 2000)
    lines = list(picture.lines())
    rows = [line[13:] for line in lines if line[:12].strip().isdigit()]
    whole = "".join(rows)
    assert whole.count("[") + whole.count("c") >= 31
    assert sum(line.count("*") + line.count("^") for line in lines[3:-2]) == 7


def test_the_map_of_bytes_that_are_no_batch(directory: Path) -> None:
    """A torn tail, an empty file, and no index beside it."""
    path = directory / f"{NAME}.log"
    with path.open("ab") as file:
        file.write(b"\xff" * 5000)
    for suffix in ("index", "timeindex"):
        (directory / f"{NAME}.{suffix}").unlink()
    lines = drawn(path, 80)
    assert "none beside it" in lines[1]
    assert any("????" in line for line in lines)
    path.write_bytes(b"")
    assert drawn(path, 80)[0] == f"0 bytes, 0 batches; 0 pages of {PAGE_SIZE}, 0 cached"


def test_the_map_of_a_large_segment(tmp_path: Path) -> None:
    """Rows that are alike are counted, not drawn."""
    path = tmp_path / f"{NAME}.log"
    batch = bytes(a_batch(b"x" * 500_000).buffer)
    path.write_bytes(batch * 20)
    assert len(drawn(path, 80)) < 80
    assert dump(path, "--map", "--width", "80") == 0


def test_cached_pages_are_asked_passively(tmp_path: Path) -> None:
    """What was written is cached; after the kernel was told to drop it, asking brings nothing back."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * (PAGE_SIZE * 10 + 1))
    assert resident_pages(str(path)) == b"\1" * 11
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    dropped = resident_pages(str(path))
    assert (len(dropped), resident_pages(str(path))) == (11, dropped)
