"""Bytes that are no batch, or a batch that lies: refused by name, never believed."""

import contextlib
import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.errors import CorruptRecordException
from engine.record.compression import compress, decompress, xxh32
from engine.record.compression_type import CompressionType
from engine.record.default_record_batch import CRC_OFFSET, DefaultRecordBatch
from engine.record.memory_records import MemoryRecords
from tests.engine.record.batches import a_batch, several

CODECS = [codec for codec in CompressionType if codec is not CompressionType.NONE]


def read_all(records: MemoryRecords) -> int:
    """Goes over everything there is to read; how many records."""
    count = 0
    for batch in records.batches():
        batch.is_valid()
        count += sum(1 for _ in batch)
    return count


def resealed(buffer: bytearray) -> MemoryRecords:
    """The batch with a checksum that fits, as a hostile client would send it."""
    crc = DefaultRecordBatch(buffer).compute_checksum()
    struct.pack_into(">I", buffer, CRC_OFFSET, crc)
    return MemoryRecords(buffer)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Whatever comes is read or refused as corrupt; nothing else is raised."""
    with contextlib.suppress(CorruptRecordException):
        read_all(MemoryRecords(data))


@given(st.data(), st.sampled_from(CompressionType))
def test_a_batch_with_one_byte_changed(data: st.DataObject, codec: CompressionType) -> None:
    """Any flipped byte that the checksum covers is found, and reading past it harms nobody."""
    buffer = bytearray(a_batch(b"one", b"two" * 20, codec=codec).buffer)
    at = data.draw(st.integers(0, len(buffer) - 1))
    buffer[at] ^= data.draw(st.integers(1, 255))
    try:
        batches = list(MemoryRecords(buffer).batches())
    except CorruptRecordException:
        return
    if at >= CRC_OFFSET and batches:
        with pytest.raises(CorruptRecordException):
            batches[0].ensure_valid()
    with contextlib.suppress(CorruptRecordException):
        read_all(MemoryRecords(buffer))


@given(st.data())
def test_a_batch_with_a_lie_under_a_good_checksum(data: st.DataObject) -> None:
    """Counts and lengths that do not add up are refused when the records are unpacked."""
    buffer = bytearray(a_batch(b"one", b"two", b"three").buffer)
    at = data.draw(st.integers(57, len(buffer) - 1))
    buffer[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CorruptRecordException):
        assert read_all(resealed(buffer)) <= 3


@pytest.mark.parametrize(
    ("place", "form", "value", "sentence"),
    [
        (8, ">i", -1, "claims -1 bytes after its length"),
        (8, ">i", 48, "claims 48 bytes after its length, and magic 2 needs 49"),
        (16, ">b", 3, "magic number 3"),
        (57, ">i", 2**31 - 1, "claims 2147483647 records"),
        (57, ">i", -1, "claims -1 records"),
        (57, ">i", 1, "bytes follow the last of 1 records"),
        (21, ">h", 7, "codec has the number 7"),
    ],
)
def test_each_lie_is_named(place: int, form: str, value: int, sentence: str) -> None:
    """The sentence says what is wrong, and where the batch stands."""
    good = a_batch(b"before")
    buffer = bytearray(a_batch(b"one", b"two").buffer)
    struct.pack_into(form, buffer, place, value)
    if value != -1 or place != 8:
        resealed(buffer)
    with pytest.raises(CorruptRecordException) as refusal:
        read_all(several(good, MemoryRecords(buffer)))
    assert sentence in str(refusal.value)
    assert refusal.value.position == good.size_in_bytes()


def test_a_length_beyond_the_data_allocates_nothing() -> None:
    """A batch of 61 bytes that claims 2 GiB is left alone; a record's claim is refused."""
    buffer = bytearray(a_batch(b"x" * 50).buffer)
    struct.pack_into(">i", buffer, 8, 2**31 - 20)
    tracemalloc.start()
    try:
        assert read_all(MemoryRecords(buffer)) == 0
        with pytest.raises(CorruptRecordException, match="claims 2147483640 bytes"):
            DefaultRecordBatch(buffer).ensure_valid()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_stops_at_the_limit(codec: CompressionType) -> None:
    """Little data that unpacks to much is refused at the limit and never wholly unpacked."""
    bomb = compress(codec, bytes(8_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(CorruptRecordException, match="larger than"):
            decompress(codec, memoryview(bomb), limit=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.binary(max_size=2000))
def test_codecs_round_trip(codec: CompressionType, data: bytes) -> None:
    """Every codec gives back what it was given, the limit being just enough."""
    packed = memoryview(compress(codec, data))
    assert decompress(codec, packed) == data
    assert decompress(codec, packed, limit=max(1, len(data))) == data


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_broken_codec_data(codec: CompressionType, data: st.DataObject) -> None:
    """Cut, flipped or arbitrary: it unpacks or is refused as corrupt."""
    packed = bytearray(compress(codec, b"some text, some text, some text"))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    for broken in (bytes(packed), bytes(packed[:cut]), data.draw(st.binary(max_size=40))):
        with contextlib.suppress(CorruptRecordException):
            assert len(decompress(codec, memoryview(broken), limit=10_000)) <= 10_000


def test_raw_snappy_is_accepted() -> None:
    """One client, librdkafka, writes one raw block, without Java's framing."""
    import cramjam

    raw = bytes(cramjam.snappy.compress_raw(b"abc" * 100))
    assert decompress(CompressionType.SNAPPY, memoryview(raw)) == b"abc" * 100


@pytest.mark.parametrize(
    ("text", "digest"), [(b"", 0x02CC5D05), (b"a", 0x550D7456), (b"abc", 0x32D153FF)]
)
def test_xxhash(text: bytes, digest: int) -> None:
    """The digests that the hash's author publishes."""
    assert xxh32(text) == digest


def test_lz4_of_magic_0_has_a_wrong_checksum_and_is_read() -> None:
    """Kafka's own frames of magic 0 hash the magic number too (KIP-57)."""
    frame = bytearray(compress(CompressionType.LZ4, b"abc" * 100))
    end = 14 if frame[4] & 8 else 6
    frame[end] = xxh32(bytes(frame[:end])) >> 8 & 0xFF
    with pytest.raises(CorruptRecordException, match="lz4"):
        decompress(CompressionType.LZ4, memoryview(frame))
    assert decompress(CompressionType.LZ4, memoryview(frame), magic=0) == b"abc" * 100
