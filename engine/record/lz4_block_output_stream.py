"""The lz4 frame as Kafka writes it: independent blocks of 64 KiB, no checksum but the header's.

::

    04 22 4d 18 | flags 60 | block size 40 | header checksum | blocks | 00 00 00 00
    block: size uint32 little-endian, top bit set if the bytes stand as they were | bytes

Kafka's own reader refuses a frame whose blocks depend on each other, which is what most libraries
write by default. In magic 0 the header checksum is taken over the magic number too: wrong by the
specification, and what clients of that age expect (KIP-57).

System calls: none.

Kafka: org.apache.kafka.common.compress.Lz4BlockOutputStream
"""

import struct
from typing import Final

import cramjam

from engine.common.errors import CorruptRecordException

MAGIC: Final = b"\x04\x22\x4d\x18"
_FLAGS_AND_BLOCK_SIZE = b"\x60\x40"
_BLOCK = 64 * 1024
_AS_IT_WAS = 0x80000000
_END_MARK = bytes(4)
_SIZE = struct.Struct("<I")
# Flag bit 3: eight bytes of content size stand before the checksum.
_CONTENT_SIZE = 0x08


def lz4_frame(data: memoryview, *, broken_header_checksum: bool) -> bytes:
    """``data`` as one frame."""
    head = MAGIC + _FLAGS_AND_BLOCK_SIZE
    out = bytearray(head)
    out.append(_checksum_byte(head if broken_header_checksum else head[len(MAGIC) :]))
    for start in range(0, len(data), _BLOCK):
        plain = data[start : start + _BLOCK]
        packed = bytes(cramjam.lz4.compress_block(plain, store_size=False))
        if len(packed) >= len(plain):
            out += _SIZE.pack(len(plain) | _AS_IT_WAS) + plain
        else:
            out += _SIZE.pack(len(packed)) + packed
    return bytes(out + _END_MARK)


def with_sound_header(frame: memoryview) -> bytes:
    """The frame with the header checksum that the specification wants, whatever it had.

    CorruptRecordException if it is no frame.
    """
    if not bytes(frame[:7]).startswith(MAGIC) or len(frame) < 7:
        raise CorruptRecordException("The lz4 data does not start with a frame")
    end = len(MAGIC) + (10 if frame[len(MAGIC)] & _CONTENT_SIZE else 2)
    repaired = bytearray(frame)
    if end < len(repaired):
        repaired[end] = _checksum_byte(bytes(frame[len(MAGIC) : end]))
    return bytes(repaired)


def _checksum_byte(descriptor: bytes) -> int:
    return xxh32(descriptor) >> 8 & 0xFF


def xxh32(data: bytes) -> int:
    """xxHash-32 of fewer than 16 bytes with seed 0: what a frame's header needs."""
    mask = 0xFFFFFFFF
    value = 374761393 + len(data)
    at = 0
    while at + 4 <= len(data):
        value = value + int.from_bytes(data[at : at + 4], "little") * 3266489917 & mask
        value = (value << 17 | value >> 15) * 668265263 & mask
        at += 4
    for byte in data[at:]:
        value = value + byte * 374761393 & mask
        value = (value << 11 | value >> 21) * 2654435761 & mask
    value = (value ^ value >> 15) * 2246822519 & mask
    value = (value ^ value >> 13) * 3266489917 & mask
    return value ^ value >> 16
