"""The dump, line for line as Kafka's DumpLogSegments prints it."""

import argparse
from pathlib import Path

import pytest

from engine.common.topic_partition import TopicPartition
from engine.log.dump_log_segments import add_arguments, run
from engine.log.log_config import LogConfig
from engine.log.unified_log import UnifiedLog
from engine.record.compression_type import CompressionType
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder, ProducerState
from tests.engine.record.batches import a_batch

NAME = "00000000000000000000.log"


def dump(*arguments: str | Path) -> int:
    """The exit code of ``dump-log`` with these arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(argument) for argument in arguments]))


def write(path: Path, *batches: MemoryRecords) -> Path:
    """A segment's file with these batches, as they are."""
    records = FileRecords.open(str(path))
    for batch in batches:
        records.append(batch)
    records.close()
    return path


def a_rich_batch() -> MemoryRecords:
    """One of everything that a line may show."""
    producer = ProducerState(2000, 1, 0, is_transactional=True)
    builder = MemoryRecordsBuilder(
        CompressionType.GZIP, producer=producer, partition_leader_epoch=3
    )
    builder.append(1000, b"key", b"value", [("a", b"1"), ("b", None)])
    builder.append(1001, None, None)
    return builder.build()


def test_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Batches and records, nulls, headers, sequences, and bytes that are no batch."""
    path = write(tmp_path / NAME, a_rich_batch(), a_batch(b"x", timestamp=5))
    with path.open("ab") as file:
        file.write(b"torn")
    assert dump(path, "--print-data-log") == 0
    crcs = [
        batch.full_batch.checksum for batch in FileRecords.open(str(path), mutable=False).batches()
    ]
    first, second = (
        b.size_in_bytes() for b in FileRecords.open(str(path), mutable=False).batches()
    )
    assert capsys.readouterr().out.splitlines() == [
        f"Dumping {path}",
        "Log starting offset: 0",
        (
            "baseOffset: 0 lastOffset: 1 count: 2 baseSequence: 0 lastSequence: 1 producerId: 2000 "
            "producerEpoch: 1 partitionLeaderEpoch: 3 isTransactional: true isControl: false "
            "deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1001 "
            f"size: {first} magic: 2 compresscodec: gzip crc: {crcs[0]} isvalid: true"
        ),
        (
            "| offset: 0 CreateTime: 1000 keySize: 3 valueSize: 5 sequence: 0 headerKeys: [a,b] "
            "key: key payload: value"
        ),
        "| offset: 1 CreateTime: 1001 keySize: -1 valueSize: -1 sequence: 1 headerKeys: []",
        (
            "baseOffset: 0 lastOffset: 0 count: 1 baseSequence: -1 lastSequence: -1 producerId: -1 "
            "producerEpoch: -1 partitionLeaderEpoch: -1 isTransactional: false isControl: false "
            f"deleteHorizonMs: OptionalLong.empty position: {first} CreateTime: 5 "
            f"size: {second} magic: 2 compresscodec: none crc: {crcs[1]} isvalid: true"
        ),
        "| offset: 0 CreateTime: 5 keySize: -1 valueSize: 1 sequence: -1 headerKeys: [] payload: x",
        f"Found 4 invalid bytes at the end of {NAME}",
    ]


def test_without_data_only_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a batch; --deep-iteration adds a line a record, without its data."""
    path = write(tmp_path / NAME, a_batch(b"x", b"y"))
    assert dump(path) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert dump("--files", path, "--deep-iteration") == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 5
    assert "payload" not in out


def test_control_batches_and_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A transaction's marker is decoded; a gap in the offsets is told on standard error."""
    builder = MemoryRecordsBuilder(base_offset=7, is_control=True)
    builder.append(1, b"\0\0\0\1", b"\0\0\0\0\0\x0b")
    path = write(tmp_path / NAME, a_batch(b"x", timestamp=1), builder.build())
    assert dump(path, "--print-data-log") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == (
        "| offset: 7 CreateTime: 1 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] "
        "endTxnMarker: COMMIT coordinatorEpoch: 11"
    )
    assert err.splitlines() == [f"Non-consecutive offsets in {path}", "  0 is followed by 7"]


def test_old_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Magic 0 and 1 in Kafka's words, its brace too many included."""
    body = b"\0\0" + (3).to_bytes(4, "big") + b"key" + (5).to_bytes(4, "big") + b"value"
    import zlib

    crc = zlib.crc32(body)
    message = bytes(8) + (len(body) + 4).to_bytes(4, "big") + crc.to_bytes(4, "big") + body
    path = write(tmp_path / NAME, MemoryRecords(message))
    assert dump(path, "--print-data-log") == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        (
            f"offset: 0 position: 0 NoTimestampType: -1 size: {len(message)} magic: 0 "
            f"compresscodec: none crc: {crc} isvalid: true"
        ),
        (
            "| offset: 0 NoTimestampType: -1 keySize: 3 valueSize: 5 isValid: true "
            f"crc: {crc}}} key: key payload: value"
        ),
    ]


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    """A partition of 20 batches with both indexes, closed."""
    config = LogConfig(index_interval_bytes=200)
    log = UnifiedLog(str(tmp_path / "t-0"), TopicPartition("t", 0), config)
    for number in range(20):
        log.append_as_leader(a_batch(b"x" * 50, b"y", timestamp=1000 + number * 10))
    log.close()
    return tmp_path / "t-0"


def test_indexes(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line an entry, in Kafka's words, and no complaint about our own indexes."""
    index, times = (
        indexed / "00000000000000000000.index",
        indexed / "00000000000000000000.timeindex",
    )
    assert dump("--files", f"{index},{times}") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    size = (indexed / NAME).stat().st_size // 20
    assert lines[:3] == [
        f"Dumping {index}",
        f"offset: 5 position: {2 * size}",
        f"offset: 9 position: {4 * size}",
    ]
    at = lines.index(f"Dumping {times}")
    assert lines[at + 1] == "timestamp: 1021 offset: 5"
    assert lines[-1] == "timestamp: 1191 offset: 39"
    assert dump(index, "--verify-index-only") == 0
    assert capsys.readouterr().out.splitlines() == [f"Dumping {index}"]


def test_mismatches_are_told(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry that contradicts the log is named on standard error."""
    index, times = (
        indexed / "00000000000000000000.index",
        indexed / "00000000000000000000.timeindex",
    )
    raw = bytearray(index.read_bytes())
    raw[3] = 4
    index.write_bytes(raw)
    raw = bytearray(times.read_bytes())
    raw[7] += 1
    times.write_bytes(raw)
    assert dump(index, times) == 0
    err = capsys.readouterr().err
    assert f"Mismatches in :{index}\n  Index offset: 4, log offset: 5\n" in err
    assert (
        f"Found timestamp mismatch in :{times}\n  Index timestamp: 1022, log timestamp: 1021" in err
    )


def test_an_empty_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kafka says so; a preallocated one of zeros has one entry that says nothing."""
    write(tmp_path / NAME)
    index = tmp_path / "00000000000000000000.index"
    index.write_bytes(b"")
    assert dump(index) == 0
    assert capsys.readouterr().out == f"Dumping {index}\n{index} is empty.\n"


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("00000000000000000000.log", b"\xff" * 100, "Cannot go on with"),
        ("name.log", b"", "does not begin with the segment's base offset"),
        ("00000000000000000001.index", b"\0" * 8, "No such file"),
    ],
)
def test_what_cannot_be_dumped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, contents: bytes, sentence: str
) -> None:
    """One sentence on standard error and exit code 1."""
    (tmp_path / name).write_bytes(contents)
    assert dump(tmp_path / name) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_files_that_are_not_there_or_not_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file is a failure, no file at all misuse, a stranger is passed over."""
    assert dump(tmp_path / NAME) == 1
    assert "No such file" in capsys.readouterr().err
    assert dump() == 2
    assert dump(tmp_path / "meta.properties") == 0
    assert "Ignoring unknown file" in capsys.readouterr().err
