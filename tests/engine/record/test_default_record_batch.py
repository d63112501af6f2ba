"""Batches of magic 2: what goes in comes out, and an independent client reads and writes the same."""

import warnings
from collections.abc import Sequence
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.records import readers

from engine.common.errors import CorruptRecordException
from engine.record.compression_type import CompressionType
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import BatchTimes, MemoryRecordsBuilder, ProducerState
from engine.record.timestamp_type import TimestampType
from tests.engine.record.batches import a_batch, several

NULLABLE = st.none() | st.binary(max_size=40)
HEADERS = st.lists(st.tuples(st.text(max_size=8), NULLABLE), max_size=3)
RECORD = st.tuples(st.integers(0, 2**41), NULLABLE, NULLABLE, HEADERS)
RECORDS = st.lists(RECORD, min_size=1, max_size=12)
CODECS = st.sampled_from(CompressionType)

Headers = list[tuple[str, bytes | None]]
Tail = tuple[bytes | None, bytes | None, Headers]
Row = tuple[int, bytes | None, bytes | None, Headers]


def build(rows: Sequence[Row], codec: CompressionType = CompressionType.NONE) -> MemoryRecords:
    """One batch of the rows."""
    builder = MemoryRecordsBuilder(codec)
    for timestamp, key, value, headers in rows:
        builder.append(timestamp, key, value, headers)
    return builder.build()


def rows_of(records: MemoryRecords) -> list[Row]:
    """The rows that the batches hold."""
    return [
        (
            record.timestamp,
            None if record.key is None else bytes(record.key),
            None if record.value is None else bytes(record.value),
            [(h.key, None if h.value is None else bytes(h.value)) for h in record.headers],
        )
        for record in records.records()
    ]


@given(RECORDS, CODECS)
def test_round_trip(rows: list[Row], codec: CompressionType) -> None:
    """Nulls, empty values, headers, timestamps that jump: all as they were, under every codec."""
    records = build(rows, codec)
    assert rows_of(records) == rows
    (batch,) = records.batches()
    batch.ensure_valid()
    assert batch.compression_type is codec
    assert (batch.base_offset, batch.last_offset) == (0, len(rows) - 1)
    assert batch.count_or_null == len(rows)
    assert batch.max_timestamp == max(row[0] for row in rows)
    assert [record.offset for record in batch] == list(range(len(rows)))
    assert records.valid_bytes == records.size_in_bytes() == batch.size_in_bytes()


@given(st.lists(st.tuples(NULLABLE, NULLABLE, HEADERS), min_size=1, max_size=8))
def test_kio_reads_what_we_write(rows: list[Tail]) -> None:
    """An independent reader checks our checksum and finds our records."""
    records = build([(1_700_000_000_000 + i, *row) for i, row in enumerate(rows)])
    read, size = readers.read_batch(bytes(records.buffer), 0)
    assert size == records.size_in_bytes()
    assert [(r.key, r.value) for r in read.records] == [(key, value) for key, value, _ in rows]
    assert [[(h.key or b"").decode() for h in r.headers] for r in read.records] == [
        [header[0] for header in headers] for _, _, headers in rows
    ]


@pytest.fixture(scope="module")
def kafka_python() -> ModuleType:
    """kafka-python's own batches; its import warns of itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kafka.record import memory_records
    module: ModuleType = memory_records
    return module


# kafka-python needs libraries of its own for the other codecs.
CODECS_IN_PYTHON = [CompressionType.NONE, CompressionType.GZIP, CompressionType.ZSTD]


@pytest.mark.parametrize("codec", CODECS_IN_PYTHON)
def test_kafka_python_reads_what_we_write(kafka_python: ModuleType, codec: CompressionType) -> None:
    """A stock client's reader, every codec."""
    rows: list[Row] = [(1000 + i, b"k%d" % i, b"v" * i, [("h", b"x")]) for i in range(50)]
    batches = kafka_python.MemoryRecords(bytes(build(rows, codec).buffer))
    batch = batches.next_batch()
    assert batch.validate_crc()
    found = [(r.timestamp, r.key, r.value, [tuple(h) for h in r.headers]) for r in batch]
    assert found == rows


@pytest.mark.parametrize(
    ("magic", "codec"),
    [
        *((magic, codec) for magic in (0, 1, 2) for codec in CODECS_IN_PYTHON[:2]),
        (2, CompressionType.ZSTD),
    ],
)
def test_we_read_what_kafka_python_writes(
    kafka_python: ModuleType, magic: int, codec: CompressionType
) -> None:
    """All three formats and every codec that they know, plain and wrapped."""
    builder = kafka_python.MemoryRecordsBuilder(magic, int(codec), 1_000_000)
    for index in range(20):
        builder.append(1000 + index, b"k%d" % index, b"v" * index)
    builder.close()
    records = MemoryRecords(bytes(builder.buffer()))
    for batch in records.batches():
        batch.ensure_valid()
        assert (batch.magic, batch.compression_type) == (magic, codec)
    found = list(records.records())
    assert [(r.offset, r.key, r.value) for r in found] == [
        (index, b"k%d" % index, b"v" * index) for index in range(20)
    ]
    expected = [-1] * 20 if magic == 0 else [1000 + index for index in range(20)]
    assert [r.timestamp for r in found] == expected


def test_the_broker_fills_in_offset_and_epoch_without_touching_the_checksum() -> None:
    """Base offset and leader epoch are outside the CRC, so the bytes stay valid."""
    records = several(a_batch(b"a", b"b"), a_batch(b"c"))
    before = bytes(records.buffer)
    first, second = (b for b in records.batches() if isinstance(b, DefaultRecordBatch))
    first.set_last_offset(101)
    first.set_partition_leader_epoch(7)
    second.set_last_offset(102)
    for batch in records.batches():
        batch.ensure_valid()
    assert [r.offset for r in records.records()] == [100, 101, 102]
    assert next(records.batches()).partition_leader_epoch == 7
    changed = [i for i, byte in enumerate(before) if byte != records.buffer[i]]
    assert max(i for i in changed if i < first.size_in_bytes()) < 16


def test_log_append_time_replaces_all_timestamps() -> None:
    """The broker's time stands for each record, and the checksum is made anew."""
    records = a_batch(b"a", b"b")
    (batch,) = records.batches()
    assert isinstance(batch, DefaultRecordBatch)
    batch.set_max_timestamp(TimestampType.LOG_APPEND_TIME, 123_456)
    (again,) = records.batches()
    again.ensure_valid()
    assert again.timestamp_type is TimestampType.LOG_APPEND_TIME
    assert [r.timestamp for r in again] == [123_456, 123_456]


@given(RECORDS, CODECS, st.integers(0, 2**41))
def test_batches_written_with_log_append_time(
    rows: list[Row], codec: CompressionType, now: int
) -> None:
    """The builder writes what the broker would: one time, whatever the records had."""
    builder = MemoryRecordsBuilder(codec, times=BatchTimes(log_append_time=now))
    for row in rows:
        builder.append(*row)
    (batch,) = builder.build().batches()
    batch.ensure_valid()
    assert (batch.timestamp_type, batch.max_timestamp) == (TimestampType.LOG_APPEND_TIME, now)
    assert [r.timestamp for r in batch] == [now] * len(rows)


def test_a_batch_with_a_delete_horizon_keeps_its_times() -> None:
    """KIP-534: the horizon takes the base timestamp's place, the records' times stay."""
    builder = MemoryRecordsBuilder(times=BatchTimes(delete_horizon_ms=5_000))
    builder.append(100, b"a", None)
    builder.append(9_000, b"b", None)
    (batch,) = builder.build().batches()
    batch.ensure_valid()
    assert (batch.delete_horizon_ms, batch.max_timestamp) == (5_000, 9_000)
    assert [r.timestamp for r in batch] == [100, 9_000]


def test_control_batches() -> None:
    """A transaction's marker is a record of a control batch; key and value are the marker's."""
    producer = ProducerState(4000, 3, is_transactional=True)
    builder = MemoryRecordsBuilder(base_offset=9, producer=producer, is_control=True)
    builder.append(5, bytes.fromhex("00000001"), bytes.fromhex("000000000007"))
    (batch,) = builder.build().batches()
    batch.ensure_valid()
    assert (batch.is_control_batch, batch.is_transactional) == (True, True)
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (4000, 3, -1)
    assert [r.sequence for r in batch] == [-1]


def test_idempotent_and_transactional_batches() -> None:
    """Producer id, epoch, sequences and flags; a sequence goes on at 0 after 2**31 - 1."""
    producer = ProducerState(4000, 3, 2**31 - 2, is_transactional=True)
    builder = MemoryRecordsBuilder(base_offset=50, producer=producer, partition_leader_epoch=9)
    for index in range(3):
        builder.append(index, None, b"x")
    assert builder.num_records == 3
    (batch,) = builder.build().batches()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (4000, 3, 2**31 - 2)
    assert (batch.is_transactional, batch.is_control_batch) == (True, False)
    assert (batch.base_offset, batch.partition_leader_epoch) == (50, 9)
    assert [r.sequence for r in batch] == [2**31 - 2, 2**31 - 1, 0]
    assert batch.last_sequence == 0


def test_nothing_appended_is_nothing_built() -> None:
    """No batch without a record; offsets only rise."""
    assert MemoryRecordsBuilder().build() is MemoryRecords.EMPTY
    builder = MemoryRecordsBuilder(base_offset=5)
    builder.append_with_offset(5, 0, None, None)
    with pytest.raises(ValueError, match="does not come after 5"):
        builder.append_with_offset(5, 0, None, None)


def test_keys_and_values_are_views_of_the_batch() -> None:
    """Reading a record copies none of its bytes."""
    records = a_batch(b"value")
    (record,) = records.records()
    assert isinstance(record.value, memoryview)
    assert record.value.obj is records.buffer.obj


def test_a_part_of_a_batch_at_the_end_is_left_alone() -> None:
    """A fetch may end inside a batch: the whole ones are read, the rest is no error."""
    records = several(a_batch(b"a"), a_batch(b"b"))
    half = records.size_in_bytes() // 2
    for end in range(half, records.size_in_bytes()):
        cut = MemoryRecords(records.buffer[:end])
        assert [bytes(r.value or b"") for r in cut.records()] == [b"a"]
        assert cut.valid_bytes == half
    with pytest.raises(CorruptRecordException):
        DefaultRecordBatch(records.buffer[:60])
