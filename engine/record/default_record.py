"""One record of a batch of magic 2.

::

    length varint | attributes int8 | timestamp delta varlong | offset delta varint
    key length varint (-1 null) | key | value length varint (-1 null) | value
    headers varint { key length varint | key utf-8 | value length varint (-1 null) | value }

Keys and values are views of the batch's bytes, never copies.

System calls: none.

Kafka: org.apache.kafka.common.record.DefaultRecord
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.common.byte_utils import read_varint, read_varlong, write_varint, write_varlong
from engine.common.errors import CorruptRecordException

Bytes = bytes | bytearray | memoryview
# A header takes at least a byte for each of its two lengths.
_LEAST_HEADER = 2


class Header(NamedTuple):
    """A record's header; the value may be null."""

    key: str
    value: Bytes | None


class RecordContext(NamedTuple):
    """What a batch's header contributes to each of its records."""

    base_offset: int
    base_timestamp: int
    base_sequence: int
    log_append_time: int | None


class DefaultRecord(NamedTuple):
    """A record with its absolute offset and timestamp (milliseconds); key and value may be null."""

    offset: int
    timestamp: int
    key: Bytes | None
    value: Bytes | None
    headers: tuple[Header, ...] = ()
    sequence: int = -1
    size_in_bytes: int = 0

    @property
    def key_size(self) -> int:
        """Bytes of the key, -1 if null."""
        return -1 if self.key is None else len(self.key)

    @property
    def value_size(self) -> int:
        """Bytes of the value, -1 if null."""
        return -1 if self.value is None else len(self.value)

    @classmethod
    def read_from(
        cls, buffer: memoryview, position: int, context: RecordContext
    ) -> tuple["DefaultRecord", int]:
        """The record at ``position`` and the position after it; CorruptRecordException if broken."""
        length, start = read_varint(buffer, position)
        end = start + length
        if length < 0 or end > len(buffer):
            raise CorruptRecordException(
                f"A record claims {length} bytes where {len(buffer) - start} are left"
            )
        body = buffer[:end]
        timestamp_delta, at = read_varlong(body, start + 1)
        offset_delta, at = read_varint(body, at)
        key, at = _read_bytes(body, at)
        value, at = _read_bytes(body, at)
        headers, at = _read_headers(body, at)
        if at != end:
            raise CorruptRecordException(f"A record of {length} bytes ends {end - at} bytes early")
        sequence = context.base_sequence
        record = cls(
            context.base_offset + offset_delta,
            context.base_timestamp + timestamp_delta
            if context.log_append_time is None
            else context.log_append_time,
            key,
            value,
            headers,
            sequence if sequence < 0 else increment_sequence(sequence, offset_delta),
            end - position,
        )
        return record, end


def increment_sequence(sequence: int, increment: int) -> int:
    """A sequence number further on; after 2**31 - 1 comes 0."""
    return (sequence + increment) % 2**31


def write_record(
    out: bytearray,
    deltas: tuple[int, int],
    key: Bytes | None,
    value: Bytes | None,
    headers: Sequence[tuple[str, Bytes | None]],
) -> None:
    """Appends a record; ``deltas`` are its offset and timestamp less the batch's base."""
    body = bytearray(1)
    write_varlong(deltas[1], body)
    write_varint(deltas[0], body)
    _write_bytes(key, body)
    _write_bytes(value, body)
    write_varint(len(headers), body)
    for name, header_value in headers:
        _write_bytes(name.encode(), body)
        _write_bytes(header_value, body)
    write_varint(len(body), out)
    out += body


def _write_bytes(data: Bytes | None, out: bytearray) -> None:
    if data is None:
        write_varint(-1, out)
    else:
        write_varint(len(data), out)
        out += data


def _read_bytes(buffer: memoryview, position: int) -> tuple[memoryview | None, int]:
    size, position = read_varint(buffer, position)
    if size < 0:
        return None, position
    if size > len(buffer) - position:
        raise CorruptRecordException(
            f"A field claims {size} bytes where {len(buffer) - position} are left"
        )
    return buffer[position : position + size], position + size


def _read_headers(buffer: memoryview, position: int) -> tuple[tuple[Header, ...], int]:
    count, position = read_varint(buffer, position)
    if not 0 <= count <= (len(buffer) - position) // _LEAST_HEADER:
        raise CorruptRecordException(f"A record claims {count} headers")
    headers = []
    for _ in range(count):
        key, position = _read_bytes(buffer, position)
        value, position = _read_bytes(buffer, position)
        if key is None:
            raise CorruptRecordException("A header has no key")
        try:
            headers.append(Header(str(key, "utf-8"), value))
        except UnicodeDecodeError:
            raise CorruptRecordException("A header's key is not UTF-8") from None
    return tuple(headers), position


def decrement_sequence(sequence: int, decrement: int) -> int:
    """A sequence number further back; before 0 comes 2**31 - 1."""
    return (sequence - decrement) % 2**31
