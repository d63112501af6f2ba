"""The primitive types of the protocol, as bytes. Layouts are drawn in ``readable``.

System calls: none.

Kafka: org.apache.kafka.common.protocol.Writable
"""

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from engine.protocol.schema_exception import SchemaException

# What takes the pieces of a message in order: bytes, or records by reference.
Sink: TypeAlias = Callable[[Any], None]
Writer: TypeAlias = Callable[[Any, Sink], None]
LengthWriter: TypeAlias = Callable[[int], bytes]

_INT16 = struct.Struct(">h").pack
_INT32 = struct.Struct(">i").pack
_ONE_BYTE = [bytes((value,)) for value in range(128)]


def int16_length(length: int) -> bytes:
    """A length of two bytes; -1 for null."""
    return _INT16(length)


def int32_length(length: int) -> bytes:
    """A length of four bytes; -1 for null."""
    return _INT32(length)


def compact_length(length: int) -> bytes:
    """A length as varint, one more than it is; -1 for null."""
    return unsigned_varint(length + 1)


def unsigned_varint(value: int) -> bytes:
    """Seven bits a byte, low bits first."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value > 0xFFFFFFFF:
        raise SchemaException(f"{value} does not fit into a varint of 32 bits")
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
