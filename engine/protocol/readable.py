"""The primitive types of the protocol, read from a frame.

Every reader takes the frame and a position and returns the value and the next position. Lengths
are held against what is left of the frame before anything is made of that length.

    string          int16 length, UTF-8        compact: unsigned varint (length + 1), UTF-8
    bytes, records  int32 length, bytes        compact: unsigned varint (length + 1), bytes
    array           int32 count, elements      compact: unsigned varint (count + 1), elements

Null is the length -1; in the compact forms, 0 (KIP-482).

System calls: none.

Kafka: org.apache.kafka.common.protocol.Readable
"""

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from engine.protocol.schema_exception import SchemaException

Reader: TypeAlias = Callable[[memoryview, int], tuple[Any, int]]
LengthReader: TypeAlias = Callable[[memoryview, int], tuple[int, int]]

_INT16 = struct.Struct(">h").unpack_from
_INT32 = struct.Struct(">i").unpack_from


def read_int16_length(frame: memoryview, position: int) -> tuple[int, int]:
    """A length of two bytes; negative means null."""
    return _INT16(frame, position)[0], position + 2


def read_int32_length(frame: memoryview, position: int) -> tuple[int, int]:
    """A length of four bytes; negative means null."""
    return _INT32(frame, position)[0], position + 4


def read_compact_length(frame: memoryview, position: int) -> tuple[int, int]:
    """A length as varint, one more than it says; -1 means null."""
    first = frame[position]
    if first < 0x80:
        return first - 1, position + 1
    length, position = read_unsigned_varint(frame, position)
    return length - 1, position


def read_unsigned_varint(frame: memoryview, position: int) -> tuple[int, int]:
    """Seven bits a byte, low bits first, at most 32 bits in five bytes."""
    value = 0
    for shift in range(0, 35, 7):
        byte = frame[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > 0xFFFFFFFF:
                break
            return value, position
    raise SchemaException("a varint is longer than 32 bits")


def end_of(frame: memoryview, position: int, length: int, label: str) -> int:
    """Where ``length`` bytes from ``position`` end; SchemaException if the frame ends before."""
    end = position + length
    if end > len(frame):
        raise SchemaException(f"{label} says {length} bytes, {len(frame) - position} are left")
    return end
