"""Puts the pieces of an encoded message together as a frame: few parts, records untouched.

    size     int32   bytes that follow
    header, body     joined into as few ``bytes`` as possible
    records          each a part of its own, by reference, between those bytes

System calls: none.

Kafka: org.apache.kafka.common.protocol.SendBuilder
"""

import itertools
import struct
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, cast

from engine.protocol.schema_exception import SchemaException

LARGEST_FRAME = 0x7FFFFFFF
_SIZE = struct.Struct(">i")


class SizedRecords(Protocol):
    """Records that lie elsewhere, such as a slice of a segment file."""

    def size_in_bytes(self) -> int:
        """How many bytes will be sent for it."""
        ...


Part: TypeAlias = bytes | memoryview | SizedRecords


def size_of(part: Part | bytearray) -> int:
    """How many bytes the part takes on the wire."""
    if isinstance(part, memoryview):
        return part.nbytes
    return len(part) if isinstance(part, bytes | bytearray) else part.size_in_bytes()


def build_send(pieces: Sequence[Any]) -> list[Part]:
    """The frame made of ``pieces``; the first part opens with the frame's size."""
    sizes = [size_of(piece) for piece in pieces]
    size = sum(sizes)
    if size > LARGEST_FRAME:
        raise SchemaException(f"a frame of {size} bytes is more than its size field can say")
    parts: list[Part] = []
    present = itertools.compress(pieces, sizes)
    for joinable, run in itertools.groupby((_SIZE.pack(size), *present), _is_bytes):
        if joinable:
            parts.append(b"".join(cast("Sequence[bytes]", list(run))))
        else:
            parts.extend(run)
    return parts


def _is_bytes(piece: object) -> bool:
    return type(piece) is bytes
