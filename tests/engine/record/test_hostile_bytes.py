"""Bytes that are no batch, or a batch that lies: refused by name, never believed."""

import contextlib
import functools
import os
import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.common.errors import CorruptRecordException
from engine.record import legacy_record_batch
from engine.record.compression import compress, decompress
from engine.record.compression_type import CompressionType
from engine.record.default_record_batch import CRC_OFFSET, DefaultRecordBatch
from engine.record.legacy_record import MessageHead, write_message
from engine.record.legacy_records_builder import LegacyRecordsBuilder
from engine.record.lz4_block_output_stream import xxh32
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


def refused_at(records: MemoryRecords) -> int | None:
    """Where reading everything is refused, -1 if the refusal does not say, None if it is not."""
    try:
        read_all(records)
    except CorruptRecordException as refusal:
        return -1 if refusal.position is None else refusal.position
    return None


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
    frame = memoryview(compress(CompressionType.LZ4, b"abc" * 100, magic=0))
    assert frame[6] == xxh32(bytes(frame[:6])) >> 8 & 0xFF
    with pytest.raises(CorruptRecordException, match="lz4"):
        decompress(CompressionType.LZ4, frame)
    assert decompress(CompressionType.LZ4, frame, magic=0) == b"abc" * 100


@pytest.mark.parametrize("magic", [0, 2])
def test_lz4_frames_are_those_that_kafka_reads(magic: int) -> None:
    """Version 1, independent blocks of 64 KiB, nothing else: Kafka's reader refuses the rest."""
    text = b"abc" * 50_000 + os.urandom(70_000)
    frame = compress(CompressionType.LZ4, text, magic=magic)
    assert frame[:6] == bytes.fromhex("04224d186040")
    blocks, at = [], 7
    while size := int.from_bytes(frame[at : at + 4], "little"):
        blocks.append((size & 0x7FFFFFFF, size >> 31))
        at += 4 + (size & 0x7FFFFFFF)
    assert at + 4 == len(frame)
    assert len(blocks) == 4
    assert all(size <= 65536 for size, _ in blocks)
    assert blocks[-1] == (len(text) - 3 * 65536, 1)
    assert decompress(CompressionType.LZ4, memoryview(frame), magic=magic) == text


OLD_CODECS = [codec for codec in CompressionType if codec is not CompressionType.ZSTD]


def legacy(magic: int, codec: CompressionType) -> bytearray:
    """Three messages of an old format, plain or in a wrapper."""
    builder = LegacyRecordsBuilder(magic, codec)
    for index in range(3):
        builder.append(1000 + index, b"key%d" % index, b"value" * index)
    return bytearray(builder.build().buffer)


@given(st.data(), st.sampled_from([0, 1]), st.sampled_from(OLD_CODECS))
def test_old_formats_flipped_cut_and_doubled(
    data: st.DataObject, magic: int, codec: CompressionType
) -> None:
    """Messages, wrappers and what is wrapped: read, or refused with the batch's position."""
    buffer = legacy(magic, codec)
    at = data.draw(st.integers(0, len(buffer) - 1))
    buffer[at] ^= data.draw(st.integers(0, 255))
    start = data.draw(st.integers(0, len(buffer)))
    end = data.draw(st.integers(start, len(buffer)))
    for broken in (buffer, buffer[:end], buffer[:end] + buffer[start:], buffer[start:end]):
        position = refused_at(MemoryRecords(broken))
        assert position is None or 0 <= position <= len(broken)


@pytest.mark.parametrize("codec", OLD_CODECS)
@pytest.mark.parametrize("magic", [0, 1])
def test_a_flip_in_an_old_message_is_found(magic: int, codec: CompressionType) -> None:
    """The checksum covers everything behind itself."""
    sound = legacy(magic, codec)
    (first, *_) = MemoryRecords(sound).batches()
    for at in range(12, first.size_in_bytes()):
        flipped = bytearray(sound)
        flipped[at] ^= 0x10
        with pytest.raises(CorruptRecordException):
            next(MemoryRecords(flipped).batches()).ensure_valid()


@pytest.mark.parametrize("codec", OLD_CODECS[1:])
def test_a_wrapped_message_has_a_checksum_of_its_own(codec: CompressionType) -> None:
    """What a wrapper with a good checksum holds is checked too."""
    inner = legacy(1, CompressionType.NONE)
    inner[-1] ^= 1
    out = bytearray()
    write_message(out, MessageHead(2, 1, int(codec), 5), None, compress(codec, inner, magic=1))
    (wrapper,) = MemoryRecords(out).batches()
    wrapper.ensure_valid()
    with pytest.raises(CorruptRecordException, match="wrapped message's checksum"):
        list(wrapper)


def test_wrappers_that_kafka_refuses() -> None:
    """Nothing inside, a wrapper inside, no value, a codec that came later."""
    gzip = CompressionType.GZIP
    for codec, value, sentence in (
        (gzip, compress(gzip, b""), "wraps none"),
        (gzip, compress(gzip, legacy(1, gzip)), "wraps another compressed one"),
        (gzip, None, "has no value"),
        (
            CompressionType.ZSTD,
            compress(CompressionType.ZSTD, legacy(1, CompressionType.NONE)),
            "be zstd",
        ),
    ):
        out = bytearray()
        write_message(out, MessageHead(2, 1, int(codec), 5), None, value)
        with pytest.raises(CorruptRecordException, match=sentence):
            read_all(MemoryRecords(out))


def test_a_bomb_in_a_wrapper_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds for old formats as well."""
    bomb = compress(CompressionType.GZIP, bytes(60_000_000))
    out = bytearray()
    write_message(out, MessageHead(0, 1, int(CompressionType.GZIP), 5), None, bomb)
    monkeypatch.setattr(
        legacy_record_batch, "decompress", functools.partial(decompress, limit=1_000_000)
    )
    tracemalloc.start()
    try:
        with pytest.raises(CorruptRecordException, match="larger than 1000000 bytes"):
            read_all(MemoryRecords(out))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
