"""Messages of magic 0 and 1: what goes in comes out, and a stock client reads the same."""

import struct
import warnings
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.errors import UnsupportedCompressionTypeException
from engine.record.compression_type import CompressionType
from engine.record.legacy_record_batch import LegacyRecordBatch
from engine.record.legacy_records_builder import LegacyRecordsBuilder
from engine.record.memory_records import MemoryRecords
from engine.record.timestamp_type import TimestampType

NULLABLE = st.none() | st.binary(max_size=60)
ROWS = st.lists(st.tuples(st.integers(0, 2**41), NULLABLE, NULLABLE), min_size=1, max_size=10)
CODECS = [codec for codec in CompressionType if codec is not CompressionType.ZSTD]
MAGICS = st.sampled_from([0, 1])
Row = tuple[int, bytes | None, bytes | None]


def plain(data: bytes | bytearray | memoryview | None) -> bytes | None:
    """The bytes of a key or value."""
    return None if data is None else bytes(data)


@given(ROWS, MAGICS, st.sampled_from(CODECS), st.integers(0, 2**40))
def test_round_trip(rows: list[Row], magic: int, codec: CompressionType, base: int) -> None:
    """Nulls, times and offsets are as they were; magic 0 has no place for a time."""
    builder = LegacyRecordsBuilder(magic, codec, base_offset=base)
    for row in rows:
        builder.append(*row)
    assert builder.num_records == len(rows)
    records = builder.build()
    batches = list(records.batches())
    assert len(batches) == (len(rows) if codec is CompressionType.NONE else 1)
    for batch in batches:
        batch.ensure_valid()
        assert (batch.magic, batch.compression_type, batch.count_or_null) == (magic, codec, None)
    assert batches[-1].last_offset == base + len(rows) - 1
    times = [row[0] if magic else -1 for row in rows]
    found = list(records.records())
    assert [r.timestamp for r in found] == times
    assert [(plain(r.key), plain(r.value)) for r in found] == [row[1:] for row in rows]
    # A wrapper at offset 0 is what old versions of librdkafka leave there, so it counts from 0.
    assert [r.offset for r in found] == [base + i for i in range(len(rows))]
    assert max(b.max_timestamp for b in batches) == max(times)


@pytest.fixture(scope="module")
def kafka_python() -> ModuleType:
    """kafka-python's own batches; its import warns of itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kafka.record import memory_records
    module: ModuleType = memory_records
    return module


# kafka-python needs libraries of its own for the other codecs.
@pytest.mark.parametrize("codec", [CompressionType.NONE, CompressionType.GZIP])
@pytest.mark.parametrize("magic", [0, 1])
def test_kafka_python_reads_what_we_write(
    kafka_python: ModuleType, magic: int, codec: CompressionType
) -> None:
    """A stock client's reader finds checksums, offsets, times, keys and values."""
    builder = LegacyRecordsBuilder(magic, codec, base_offset=100)
    for index in range(20):
        builder.append(1000 + index, b"k%d" % index, b"v" * index)
    read = kafka_python.MemoryRecords(bytes(builder.build().buffer))
    found = []
    while read.has_next():
        batch = read.next_batch()
        assert batch.validate_crc()
        found += [(r.offset, r.timestamp, r.key, r.value) for r in batch]
    assert found == [
        (100 + i, 1000 + i if magic else None, b"k%d" % i, b"v" * i) for i in range(20)
    ]


def test_inner_offsets_are_relative_in_magic_1_only() -> None:
    """KIP-31: the broker needs to write the wrapper's offset alone."""
    from engine.record.compression import decompress

    inner = {}
    for magic in (0, 1):
        builder = LegacyRecordsBuilder(magic, CompressionType.GZIP, base_offset=40)
        for index in range(3):
            builder.append(index, None, b"x")
        (wrapper,) = builder.build().batches()
        assert isinstance(wrapper, LegacyRecordBatch)
        assert wrapper.last_offset == 42
        value = wrapper.buffer[(26 if magic == 0 else 34) :]
        messages = MemoryRecords(decompress(CompressionType.GZIP, value, magic=magic))
        inner[magic] = [message.base_offset for message in messages.batches()]
    assert inner == {0: [40, 41, 42], 1: [0, 1, 2]}
    moved = bytearray(builder.build().buffer)
    struct.pack_into(">q", moved, 0, 9002)
    assert [r.offset for r in MemoryRecords(moved).records()] == [9000, 9001, 9002]


@pytest.mark.parametrize("codec", CODECS)
def test_log_append_time_of_a_message(codec: CompressionType) -> None:
    """The broker's time stands for each record, in a wrapper or without."""
    builder = LegacyRecordsBuilder(1, codec, log_append_time=777)
    builder.append(1, None, b"a")
    builder.append(2, None, b"b")
    records = builder.build()
    for batch in records.batches():
        batch.ensure_valid()
        assert batch.timestamp_type is TimestampType.LOG_APPEND_TIME
        assert batch.max_timestamp == 777
    assert [r.timestamp for r in records.records()] == [777, 777]


def test_what_the_old_formats_cannot_hold() -> None:
    """No zstd, no times in magic 0, no other magic, no offset twice, no batch without a record."""
    with pytest.raises(UnsupportedCompressionTypeException, match="cannot be compressed with zstd"):
        LegacyRecordsBuilder(1, CompressionType.ZSTD)
    with pytest.raises(ValueError, match="have no timestamp"):
        LegacyRecordsBuilder(0, log_append_time=5)
    with pytest.raises(ValueError, match="Magic 2 is not an old format"):
        LegacyRecordsBuilder(2)
    builder = LegacyRecordsBuilder(1, base_offset=5)
    assert builder.build() is MemoryRecords.EMPTY
    builder.append_with_offset(7, 0, None, None)
    with pytest.raises(ValueError, match="does not come after 7"):
        builder.append_with_offset(7, 0, None, None)
