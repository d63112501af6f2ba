"""Compresses and decompresses what stands behind a batch's header.

snappy comes in Java's framing, which every Kafka client writes, or as one raw block, which
librdkafka writes::

    82 "SNAPPY" 00 | version int32 | compatible int32 | { block length int32 | raw block } ...

lz4 is the frame format, as ``lz4_block_output_stream`` draws it.

Decompression allocates no more than a small multiple of what really comes out, up to ``limit``:
a batch of a few bytes cannot claim gigabytes.

System calls: none.

Kafka: org.apache.kafka.common.compress.Compression
"""

import struct
import zlib
from typing import Any

import cramjam

from engine.common.errors import CorruptRecordException
from engine.record.compression_type import CompressionType
from engine.record.lz4_block_output_stream import lz4_frame, with_sound_header

# A batch may hold at most what a segment may: but nobody batches more than this.
MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024
_SNAPPY_MAGIC = b"\x82SNAPPY\x00"
_SNAPPY_HEADER = _SNAPPY_MAGIC + struct.pack(">ii", 1, 1)
_SNAPPY_BLOCK = 32 * 1024
_INT = struct.Struct(">i")
_GZIP_WINDOW = 31


def compress(
    codec: CompressionType, data: bytes | bytearray | memoryview, *, magic: int = 2
) -> bytes:
    """``data`` under ``codec``, as Kafka's clients write it in a batch of that magic number."""
    match codec:
        case CompressionType.NONE:
            return bytes(data)
        case CompressionType.GZIP:
            packer = zlib.compressobj(wbits=_GZIP_WINDOW)
            return packer.compress(data) + packer.flush()
        case CompressionType.SNAPPY:
            return _compress_snappy(memoryview(data))
        case CompressionType.LZ4:
            return lz4_frame(memoryview(data), broken_header_checksum=magic == 0)
        case CompressionType.ZSTD:
            return bytes(cramjam.zstd.compress(data))


def decompress(
    codec: CompressionType,
    data: memoryview,
    *,
    magic: int = 2,
    limit: int = MAX_DECOMPRESSED_BYTES,
) -> memoryview:
    """What ``codec`` made of; CorruptRecordException if it is broken or larger than ``limit``."""
    try:
        match codec:
            case CompressionType.NONE:
                return data
            case CompressionType.GZIP:
                return _decompress_gzip(data, limit)
            case CompressionType.SNAPPY:
                return _decompress_snappy(data, limit)
            case CompressionType.LZ4:
                frame = with_sound_header(data) if magic == 0 else data
                return _decompress_growing(cramjam.lz4, frame, limit)
            case CompressionType.ZSTD:
                return _decompress_growing(cramjam.zstd, data, limit)
    except (zlib.error, cramjam.DecompressionError, struct.error) as broken:
        raise CorruptRecordException(f"The {codec.label} data is broken: {broken}") from broken


def _too_large(limit: int) -> CorruptRecordException:
    return CorruptRecordException(f"The compressed data is larger than {limit} bytes")


def _decompress_gzip(data: memoryview, limit: int) -> memoryview:
    unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
    out = unpacker.decompress(data, limit)
    if not unpacker.eof:
        if len(out) >= limit:
            raise _too_large(limit)
        raise CorruptRecordException("The gzip data is cut short")
    return memoryview(out)


def _compress_snappy(data: memoryview) -> bytes:
    out = bytearray(_SNAPPY_HEADER)
    for start in range(0, len(data), _SNAPPY_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(data[start : start + _SNAPPY_BLOCK]))
        out += _INT.pack(len(block)) + block
    return bytes(out)


def _decompress_snappy(data: memoryview, limit: int) -> memoryview:
    if data[: len(_SNAPPY_MAGIC)] != _SNAPPY_MAGIC:
        return memoryview(_raw_snappy(data, limit))
    out = bytearray()
    position = len(_SNAPPY_HEADER)
    while position < len(data):
        (size,) = _INT.unpack_from(data, position)
        position += _INT.size
        if not 0 < size <= len(data) - position:
            raise CorruptRecordException(f"A snappy block claims {size} bytes")
        out += _raw_snappy(data[position : position + size], limit - len(out))
        position += size
    return memoryview(out)


def _raw_snappy(block: memoryview, limit: int) -> bytes:
    size = cramjam.snappy.decompress_raw_len(block)
    # A copy of snappy takes at least two bytes and gives at most 64, so no block grows by more.
    if size > limit or size > 64 * len(block):
        raise _too_large(min(limit, 64 * len(block)))
    return bytes(cramjam.snappy.decompress_raw(block))


def _decompress_growing(codec: Any, data: bytes | memoryview, limit: int) -> memoryview:
    size = min(limit, max(4096, 8 * len(data)))
    while True:
        out = bytearray(size)
        try:
            count = codec.decompress_into(data, out)
        except cramjam.DecompressionError as refusal:
            # The codec says so in these words when, and only when, ``out`` is full.
            if "write whole buffer" not in str(refusal):
                raise
            if size == limit:
                raise _too_large(limit) from refusal
            size = min(limit, 4 * size)
            continue
        return memoryview(out)[:count]
