"""What a control record says, by the number in its key.

::

    key    int16 version (0) | int16 type

System calls: none.

Kafka: org.apache.kafka.common.record.ControlRecordType
"""

import struct
from enum import IntEnum

from engine.common.errors import InvalidRecordException
from engine.record.default_record import Bytes

_KEY = struct.Struct(">hh")


class ControlRecordType(IntEnum):
    """The type; a number that is not known is UNKNOWN, as newer brokers may write others."""

    UNKNOWN = -1
    ABORT = 0
    COMMIT = 1
    LEADER_CHANGE = 2
    SNAPSHOT_HEADER = 3
    SNAPSHOT_FOOTER = 4
    KRAFT_VERSION = 5
    KRAFT_VOTERS = 6

    def record_key(self) -> bytes:
        """The key of a control record of this type."""
        return _KEY.pack(0, self)

    @classmethod
    def parse_type_id(cls, key: Bytes | None) -> int:
        """The number in a control record's key; InvalidRecordException if the key is cut."""
        if key is None or len(key) < _KEY.size:
            raise InvalidRecordException(
                f"A control record's key has {0 if key is None else len(key)} bytes and needs 4."
            )
        version, number = _KEY.unpack_from(key)
        if version < 0:
            raise InvalidRecordException(f"A control record's key has version {version}.")
        return int(number)

    @classmethod
    def parse(cls, key: Bytes | None) -> "ControlRecordType":
        """The type in a control record's key; InvalidRecordException if the key is cut."""
        number = cls.parse_type_id(key)
        return cls(number) if 0 <= number <= cls.KRAFT_VOTERS else cls.UNKNOWN
