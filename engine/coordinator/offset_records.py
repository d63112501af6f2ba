"""Committed offsets as records of ``__consumer_offsets``.

::

    key    int16 version (1) | string group | string topic | int32 partition
    value  int16 version (3) | int64 offset | int32 leader epoch | string metadata | int64 timestamp
           or null: the offset is forgotten

A string is an int16 length and that many bytes of UTF-8. Versions 0 to 2 of the value, which older
brokers wrote, lack the leader epoch (1 ends with one more time, not read). Keys of version 2 hold a group's
members; they are skipped, because members join again after a restart.

System calls: none.

Kafka: kafka.coordinator.group.GroupMetadataManager
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata import OffsetAndMetadata

_KEY_VERSION = 1
_VALUE_VERSION = 3
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_INT64 = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class OffsetKey:
    """Whose offset it is."""

    group_id: str
    partition: TopicPartition


def encode_key(key: OffsetKey) -> bytes:
    """The record key of an offset."""
    topic, partition = key.partition
    parts = (_string(key.group_id), _string(topic), _INT32.pack(partition))
    return _INT16.pack(_KEY_VERSION) + b"".join(parts)


def encode_value(committed: OffsetAndMetadata) -> bytes:
    """The record value of an offset."""
    parts = (
        _INT16.pack(_VALUE_VERSION),
        _INT64.pack(committed.offset),
        _INT32.pack(committed.leader_epoch),
        _string(committed.metadata),
        _INT64.pack(committed.commit_timestamp),
    )
    return b"".join(parts)


def decode_key(data: bytes) -> OffsetKey | None:
    """The key, None if the record is not an offset; ValueError if it is cut."""
    reader = _Reader(data)
    if reader.number(_INT16) not in {0, _KEY_VERSION}:
        return None
    group_id, topic = reader.string(), reader.string()
    return OffsetKey(group_id, TopicPartition(topic, reader.number(_INT32)))


def decode_value(data: bytes) -> OffsetAndMetadata:
    """The offset of any version; ValueError if it is cut or too new."""
    reader = _Reader(data)
    version = reader.number(_INT16)
    if not 0 <= version <= _VALUE_VERSION:
        raise ValueError(f"an offset of version {version} is not known")
    offset = reader.number(_INT64)
    leader_epoch = reader.number(_INT32) if version == _VALUE_VERSION else -1
    return OffsetAndMetadata(offset, leader_epoch, reader.string(), reader.number(_INT64))


def partition_for(group_id: str, partition_count: int) -> int:
    """Which partition holds a group: Java's String.hashCode, its sign cut off, modulo the count."""
    return _java_hash(group_id) % partition_count


def _java_hash(text: str) -> int:
    units = text.encode("utf-16-be")
    result = 0
    for unit in _pairs(units):
        result = (31 * result + unit) & 0xFFFFFFFF
    return result & 0x7FFFFFFF


def _pairs(data: bytes) -> Iterable[int]:
    return (int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


def _string(text: str) -> bytes:
    encoded = text.encode()
    return _INT16.pack(len(encoded)) + encoded


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, kind: struct.Struct) -> int:
        return int(kind.unpack(self._take(kind.size))[0])

    def string(self) -> str:
        return self._take(self.number(_INT16)).decode()

    def _take(self, count: int) -> bytes:
        end = self._position + count
        if count < 0 or end > len(self._data):
            raise ValueError("an offset record is cut")
        taken = self._data[self._position : end]
        self._position = end
        return taken
