"""A partition's log: appending, reading, rolling, finding by time, truncating."""

import errno
import itertools
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import (
    ApiException,
    CorruptRecordException,
    InconsistentTopicIdException,
    InvalidRecordException,
    InvalidTimestampException,
    KafkaStorageException,
    OffsetOutOfRangeException,
    RecordBatchTooLargeException,
    RecordTooLargeException,
    UnsupportedForMessageFormatException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.unified_log import MAX_TIMESTAMP, UnifiedLog
from engine.nio.file_dispatcher import FileDispatcher
from engine.record.compression_type import CompressionType
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from engine.record.timestamp_type import TimestampType
from tests.engine.record.batches import a_batch, several

TP = TopicPartition("orders", 0)
SMALL = LogConfig(segment_bytes=20_000, segment_index_bytes=4096, index_interval_bytes=1000)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UnifiedLog]:
    """An empty log with small segments."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, SMALL)) as one:
        yield one


def fill(log: UnifiedLog, batches: int, size: int = 100) -> None:
    """Appends batches of two records, a second apart."""
    for index in range(batches):
        log.append_as_leader(a_batch(b"x" * size, b"y" * size, timestamp=1_000_000 + index * 1000))


def contents(found: FileRecords | MemoryRecords) -> bytes:
    """The bytes that would be sent."""
    if isinstance(found, MemoryRecords):
        return bytes(found.buffer)
    buffer = bytearray(found.size_in_bytes())
    found.read_into(buffer, 0)
    return bytes(buffer)


def first_offset(found: FileRecords | MemoryRecords) -> int:
    """The base offset of the first batch."""
    if isinstance(found, FileRecords):
        return next(found.batches()).base_offset
    return next(found.batches()).base_offset


def test_offsets_are_assigned_and_bytes_kept(log: UnifiedLog) -> None:
    """What is in the file is what came, but for base offset and leader epoch."""
    info = log.append_as_leader(a_batch(b"a", b"b"), leader_epoch=3)
    assert (info.first_offset, info.last_offset, info.num_messages) == (0, 1, 2)
    sent = several(a_batch(b"c"), a_batch(b"d", b"e", codec=CompressionType.ZSTD))
    before = bytes(sent.buffer)
    info = log.append_as_leader(sent, leader_epoch=3)
    assert (info.first_offset, info.last_offset, info.log_append_time) == (2, 4, -1)
    assert (info.max_timestamp, info.log_start_offset) == (1_700_000_000_001, 0)
    assert log.log_end_offset == log.high_watermark == 5
    stored = contents(log.read(2, 10_000).records)
    assert stored == bytes(sent.buffer)
    assert stored[16:69] == before[16:69]
    batches = list(MemoryRecords(stored).batches())
    for batch in batches:
        batch.ensure_valid()
    assert [(b.base_offset, b.partition_leader_epoch) for b in batches] == [(2, 3), (3, 3)]


def test_constant_bytes_are_copied_not_refused(log: UnifiedLog) -> None:
    """A caller with read-only bytes gets them appended and unchanged in hand."""
    constant = bytes(a_batch(b"a").buffer)
    log.append_as_leader(MemoryRecords(constant))
    log.append_as_leader(MemoryRecords(constant))
    assert first_offset(log.read(1, 1000).records) == 1
    assert constant == a_batch(b"a").buffer


def test_every_offset_is_found_in_every_segment(log: UnifiedLog) -> None:
    """The slice begins with the batch that holds the offset, through index and segments."""
    fill(log, 300)
    assert len(log.segments) > 3
    for offset in range(600):
        records = log.read(offset, 5000, min_one_message=True).records
        assert first_offset(records) == offset - offset % 2
        assert 0 < records.size_in_bytes() <= 5000


def test_a_whole_log_is_read_in_slices(log: UnifiedLog) -> None:
    """From slice to slice nothing is lost, and no slice copies the file."""
    fill(log, 150)
    offset = 0
    while offset < log.log_end_offset:
        records = log.read(offset, 3000, min_one_message=True).records
        assert isinstance(records, FileRecords)
        assert records.is_slice
        for batch in records.batches():
            assert batch.base_offset == offset
            offset = batch.last_offset + 1
    assert offset == 300


def test_limits_of_a_read(log: UnifiedLog) -> None:
    """A limit cuts inside a batch unless one whole batch is asked for; the end is empty."""
    fill(log, 3, size=1000)
    assert log.read(0, 100).records.size_in_bytes() == 100
    assert log.read(0, 100).first_entry_incomplete
    whole = log.read(0, 100, min_one_message=True)
    assert whole.records.size_in_bytes() == log.size // 3
    assert not whole.first_entry_incomplete
    assert log.read(0, 0).records.size_in_bytes() == 0
    end = log.read(6, 1000)
    assert end.records is MemoryRecords.EMPTY
    assert end.fetch_offset_metadata.message_offset == 6
    for offset in (-1, 7):
        with pytest.raises(OffsetOutOfRangeException, match="outside 0 to 6"):
            log.read(offset, 1000)


def test_segments_and_indexes_on_disk(log: UnifiedLog, tmp_path: Path) -> None:
    """Kafka's names; an index entry stands at a batch's start with its last offset."""
    fill(log, 200)
    log.close()
    directory = tmp_path / str(TP)
    bases = [segment.base_offset for segment in log.segments]
    expected = {f"{base:020}{s}" for base in bases for s in (".log", ".index", ".timeindex")}
    expected |= {f"{offset:020}.snapshot" for offset in (*bases[1:], log.log_end_offset)}
    assert {path.name for path in directory.iterdir()} == expected | {"leader-epoch-checkpoint"}
    assert (directory / "leader-epoch-checkpoint").read_text() == "0\n1\n0 0\n"
    for base in bases:
        stem = directory / f"{base:020}"
        with closing(FileRecords.open(f"{stem}.log", mutable=False)) as records:
            starts = {b.position: b.last_offset for b in records.batches()}
        raw = stem.with_suffix(".index").read_bytes()
        pairs = [
            (int.from_bytes(raw[at : at + 4], "big"), int.from_bytes(raw[at + 4 : at + 8], "big"))
            for at in range(0, len(raw), 8)
        ]
        assert pairs
        assert all(starts[position] == base + relative for relative, position in pairs)
        positions = [0] + [position for _, position in pairs]
        gaps = [b - a for a, b in itertools.pairwise(positions)]
        assert all(1000 < gap <= 1000 + 2 * 300 for gap in gaps)
        times = stem.with_suffix(".timeindex").read_bytes()
        assert len(times) % 12 == 0
        assert len(times) // 12 >= len(pairs)


def test_finding_by_time(log: UnifiedLog) -> None:
    """The first record at or after a time, in any segment, and Kafka's three special times."""
    assert log.fetch_offset_by_timestamp(MAX_TIMESTAMP) is None
    fill(log, 200)
    for index in (0, 1, 57, 143, 199):
        found = log.fetch_offset_by_timestamp(1_000_000 + index * 1000)
        assert found == (1_000_000 + index * 1000, index * 2, 0)
        found = log.fetch_offset_by_timestamp(1_000_001 + index * 1000)
        assert found == (1_000_001 + index * 1000, index * 2 + 1, 0)
    assert log.fetch_offset_by_timestamp(1_000_002 + 199 * 1000) is None
    assert log.fetch_offset_by_timestamp(-1) == (-1, 400, 0)
    assert log.fetch_offset_by_timestamp(-2) == (-1, 0, 0)
    assert log.fetch_offset_by_timestamp(MAX_TIMESTAMP) == (1_199_001, 399, 0)


def with_count(count: int) -> MemoryRecords:
    """A batch that claims another number of records, under a good checksum."""
    records = a_batch(b"a", b"b")
    records.buffer[57:61] = count.to_bytes(4, "big")
    (batch,) = records.batches()
    assert isinstance(batch, DefaultRecordBatch)
    batch.set_max_timestamp(TimestampType.CREATE_TIME, batch.max_timestamp)
    return records


def broken() -> MemoryRecords:
    """A batch with one bit turned."""
    records = a_batch(b"a")
    records.buffer[-1] ^= 1
    return records


def control() -> MemoryRecords:
    """A control batch."""
    builder = MemoryRecordsBuilder(is_control=True)
    builder.append(0, b"\0\0\0\1", b"\0\0\0\0\0\0")
    return builder.build()


def by_log() -> MemoryRecords:
    """A batch that claims the broker's time."""
    records = a_batch(b"a")
    (batch,) = records.batches()
    assert isinstance(batch, DefaultRecordBatch)
    batch.set_max_timestamp(TimestampType.LOG_APPEND_TIME, 5)
    return records


def old_format() -> MemoryRecords:
    """A whole message of magic 1."""
    return MemoryRecords(bytes(8) + (22).to_bytes(4, "big") + bytes(4) + b"\x01" + bytes(17))


@pytest.mark.parametrize(
    ("records", "error", "sentence"),
    [
        (broken(), CorruptRecordException, "checksum"),
        (several(a_batch(b"a"), broken()), CorruptRecordException, "position 69"),
        (MemoryRecords(a_batch(b"a").buffer[:-1]), CorruptRecordException, "after the last whole"),
        (with_count(3), InvalidRecordException, "batch of 3 records"),
        (with_count(0), InvalidRecordException, "batch of 0 records"),
        (control(), InvalidRecordException, "control"),
        (by_log(), InvalidTimestampException, "log append time"),
        (old_format(), UnsupportedForMessageFormatException, "magic 1"),
        (a_batch(b"x" * 3000), RecordTooLargeException, "max.message.bytes"),
        (several(*[a_batch(b"x" * 1900)] * 11), RecordBatchTooLargeException, "segment"),
    ],
)
def test_what_is_refused_leaves_no_trace(
    log: UnifiedLog, records: MemoryRecords, error: type[ApiException], sentence: str
) -> None:
    """One bad batch refuses the request; not a byte of it is in the log."""
    log.update_config(LogConfig(segment_bytes=20_000, max_message_bytes=2000))
    log.append_as_leader(a_batch(b"first"))
    size = log.size
    with pytest.raises(error, match=sentence):
        log.append_as_leader(records)
    assert (log.size, log.log_end_offset) == (size, 1)
    assert log.append_as_leader(a_batch(b"next")).first_offset == 1


def test_a_compacted_topic_needs_keys(log: UnifiedLog) -> None:
    """Records without a key cannot be compacted."""
    log.update_config(LogConfig(cleanup_policy=("compact",)))
    builder = MemoryRecordsBuilder()
    builder.append(0, b"key", b"v")
    builder.append(0, None, b"v")
    with pytest.raises(InvalidRecordException, match="Record 1 of a batch has no key"):
        log.append_as_leader(builder.build())


def test_timestamps_by_the_topics_rules(log: UnifiedLog) -> None:
    """The broker's time if the topic wants it; otherwise none too far away."""
    log.update_config(LogConfig(message_timestamp_type="LogAppendTime"))
    info = log.append_as_leader(a_batch(b"a", timestamp=5))
    assert info.max_timestamp == info.log_append_time > 1_600_000_000_000
    (batch,) = MemoryRecords(contents(log.read(0, 1000).records)).batches()
    batch.ensure_valid()
    assert batch.timestamp_type is TimestampType.LOG_APPEND_TIME
    log.update_config(LogConfig(message_timestamp_after_max_ms=3_600_000))
    with pytest.raises(InvalidTimestampException):
        log.append_as_leader(a_batch(b"a", timestamp=2**42))
    log.update_config(LogConfig(message_timestamp_before_max_ms=3_600_000))
    with pytest.raises(InvalidTimestampException):
        log.append_as_leader(a_batch(b"a", timestamp=5))


def test_rolling_by_time(log: UnifiedLog) -> None:
    """A segment spans segment.ms of the records' own time."""
    log.update_config(LogConfig(segment_ms=1000))
    for timestamp in (5_000, 5_900, 6_000, 6_001, 6_002):
        log.append_as_leader(a_batch(b"x", timestamp=timestamp))
    assert [segment.base_offset for segment in log.segments] == [0, 3]


def test_a_full_index_rolls(log: UnifiedLog) -> None:
    """No append fails because an index has no room."""
    config = LogConfig(segment_bytes=2**20, segment_index_bytes=48, index_interval_bytes=0)
    log.update_config(config)
    log.roll()
    log.append_as_leader(a_batch(b"x"))
    log.roll()
    for _ in range(40):
        log.append_as_leader(a_batch(b"x"))
    assert len(log.segments) > 5
    assert [first_offset(log.read(o, 1000).records) for o in range(41)] == list(range(41))


def test_one_append_may_fill_an_index(log: UnifiedLog) -> None:
    """More batches in one request than an index has room for: all are kept and found."""
    log.update_config(LogConfig(segment_index_bytes=48, index_interval_bytes=0))
    log.append_as_leader(a_batch(b"x"))
    log.roll()
    log.append_as_leader(several(*[a_batch(b"x")] * 40))
    assert log.active_segment.offset_index.is_full
    log.append_as_leader(a_batch(b"x"))
    assert len(log.segments) == 3
    assert [first_offset(log.read(o, 1000).records) for o in range(42)] == list(range(42))


@pytest.mark.parametrize("size", [4, 8, 12])
def test_an_index_without_room_for_anything(tmp_path: Path, size: int) -> None:
    """The least that Kafka allows is slow and works, closing and reopening included."""
    config = LogConfig(segment_index_bytes=size, index_interval_bytes=0)
    for clean in (True, True, False):
        log = UnifiedLog(str(tmp_path / "t-0"), TP, config, had_clean_shutdown=clean)
        for _ in range(3):
            log.append_as_leader(a_batch(b"x"))
        end = log.log_end_offset
        assert [first_offset(log.read(o, 1000).records) for o in range(end)] == list(range(end))
        log.close()
    assert end == 9


def test_flush_by_messages(log: UnifiedLog) -> None:
    """flush.messages records later everything is on the device; by default never."""
    fill(log, 5)
    assert (log.recovery_point, log.unflushed_messages) == (0, 10)
    log.update_config(LogConfig(flush_messages=4))
    fill(log, 1)
    assert (log.recovery_point, log.unflushed_messages) == (12, 0)
    fill(log, 1)
    assert log.unflushed_messages == 2


def test_truncating(log: UnifiedLog) -> None:
    """Batches from the offset on are gone, in all segments, and appending goes on there."""
    fill(log, 200)
    log.truncate_to(101)
    assert log.log_end_offset == 100
    assert log.append_as_leader(a_batch(b"new")).first_offset == 100
    assert first_offset(log.read(100, 1000).records) == 100
    assert first_offset(log.read(0, 1000).records) == 0
    log.truncate_to(0)
    assert (log.log_end_offset, log.size, len(log.segments)) == (0, 0, 1)


def test_reopening_goes_on_where_it_stopped(log: UnifiedLog) -> None:
    """After a clean close, end, index and times are what they were."""
    fill(log, 120)
    log.close()
    log.close()
    with pytest.raises(KafkaStorageException, match="closed"):
        log.append_as_leader(a_batch(b"late"))
    with closing(UnifiedLog(log.directory, TP, SMALL)) as again:
        assert (again.log_end_offset, again.recovery_point) == (240, 240)
        fill(again, 10)
        assert first_offset(again.read(259, 1000).records) == 258
        assert again.fetch_offset_by_timestamp(1_119_000) == (1_119_000, 238, 0)


def test_topic_id(log: UnifiedLog, tmp_path: Path) -> None:
    """It is noted once, in Kafka's form, and no other one is accepted."""
    topic_id = uuid.UUID(int=1)
    assert log.topic_id is None
    log.assign_topic_id(topic_id)
    log.assign_topic_id(topic_id)
    text = (tmp_path / str(TP) / "partition.metadata").read_text()
    assert text == "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n"
    with closing(UnifiedLog(log.directory, TP, SMALL)) as again:
        assert again.topic_id == topic_id
        with pytest.raises(InconsistentTopicIdException):
            again.assign_topic_id(uuid.UUID(int=2))


def test_leader_epochs(log: UnifiedLog) -> None:
    """Each epoch begins where its first batch does; who asks is told where it ends."""
    log.append_as_leader(a_batch(b"a", b"b"), leader_epoch=0)
    log.append_as_leader(a_batch(b"c"), leader_epoch=5)
    assert log.leader_epochs.entries == ((0, 0), (5, 2))
    ask = log.leader_epochs.end_offset_for
    assert [ask(epoch, 3) for epoch in (0, 4, 5, 9)] == [(0, 2), (0, 2), (5, 3), (-1, -1)]
    assert ask(-1, 3) == (-1, -1)


def test_a_disk_too_full_for_the_index(log: UnifiedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that cannot be indexed are taken back, whole; once there is room it goes on."""
    log.update_config(LogConfig(index_interval_bytes=0))
    log.append_as_leader(a_batch(b"first"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = (log.size, log.log_end_offset, log.active_segment.max_timestamp_so_far)
    with monkeypatch.context() as patch:
        patch.setattr(FileDispatcher, "allocate", staticmethod(full))
        with pytest.raises(KafkaStorageException, match="Cannot index"):
            log.append_as_leader(several(a_batch(b"a"), a_batch(b"b", timestamp=1_700_000_000_009)))
    after = (log.size, log.log_end_offset, log.active_segment.max_timestamp_so_far)
    assert after == before
    assert log.active_segment.offset_index.entries == 0
    log.append_as_leader(several(a_batch(b"a"), a_batch(b"b")))
    assert [first_offset(log.read(offset, 1000).records) for offset in range(3)] == [0, 1, 2]
