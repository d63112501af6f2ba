"""Writes one message of magic 0 or 1; the layout is drawn in ``legacy_record_batch``.

System calls: none.

Kafka: org.apache.kafka.common.record.LegacyRecord
"""

import struct
import zlib
from typing import NamedTuple

from engine.record import record_batch as constants
from engine.record.default_record import Bytes

_OVERHEAD = struct.Struct(">qi")
_CRC = struct.Struct(">I")
_MAGIC_AND_ATTRIBUTES = struct.Struct(">bb")
_LONG = struct.Struct(">q")
_INT = struct.Struct(">i")
_NULL = _INT.pack(-1)


class MessageHead(NamedTuple):
    """What stands before a message's key; magic 0 has no place for the timestamp."""

    offset: int
    magic: int
    attributes: int
    timestamp: int


def write_message(
    out: bytearray, head: MessageHead, key: Bytes | None, value: Bytes | None
) -> None:
    """Appends a message with its checksum."""
    body = bytearray(_MAGIC_AND_ATTRIBUTES.pack(head.magic, head.attributes))
    if head.magic == constants.MAGIC_VALUE_V1:
        body += _LONG.pack(head.timestamp)
    for data in (key, value):
        body += _NULL if data is None else _INT.pack(len(data))
        body += data or b""
    out += _OVERHEAD.pack(head.offset, _CRC.size + len(body))
    out += _CRC.pack(zlib.crc32(body))
    out += body
