"""Messages of magic 0 and 1, from before Kafka 0.11, as they are read.

::

     0 offset int64 | 8 size int32 | 12 crc-32 uint32, of everything from 16 on | 16 magic int8
    17 attributes int8 | [18 timestamp int64, magic 1] | key length int32 (-1 null) | key
    value length int32 (-1 null) | value

Each message is its own batch. A compressed one wraps a whole message set as its value and carries
the *last* inner offset; inner offsets are absolute in magic 0 and relative in magic 1 (KIP-31).

System calls: none.

Kafka: org.apache.kafka.common.record.AbstractLegacyRecordBatch
"""

import struct
import zlib
from collections.abc import Iterator

from engine.common.errors import CorruptRecordException
from engine.nio.buffer import Buffer
from engine.record import record_batch as constants
from engine.record.compression import decompress
from engine.record.compression_type import CompressionType
from engine.record.default_record import DefaultRecord
from engine.record.record_batch import RecordBatch
from engine.record.timestamp_type import TimestampType

RECORD_OVERHEAD_V0 = 14
RECORD_OVERHEAD_V1 = 22
_HEAD = struct.Struct(">qiIbb")
_LONG = struct.Struct(">q")
_INT = struct.Struct(">i")


class LegacyRecordBatch(RecordBatch):
    """A view of one message, plain or wrapping others."""

    def __init__(self, buffer: Buffer, position: int | None = None) -> None:
        self.buffer = memoryview(buffer)
        self.position = position
        try:
            (self.base_offset, self._size, self._crc, self.magic, self._attributes) = (
                _HEAD.unpack_from(self.buffer)
            )
            self.max_timestamp = constants.NO_TIMESTAMP
            if self.magic == constants.MAGIC_VALUE_V1:
                (self.max_timestamp,) = _LONG.unpack_from(self.buffer, _HEAD.size)
        except struct.error:
            raise CorruptRecordException(
                f"A message of {len(self.buffer)} bytes is smaller than its header", position
            ) from None
        self.last_offset = self.base_offset

    @property
    def compression_type(self) -> CompressionType:
        """The codec; CorruptRecordException if its number is not known."""
        return CompressionType.for_id(self._attributes & constants.COMPRESSION_CODEC_MASK)

    @property
    def timestamp_type(self) -> TimestampType:
        """Who set the timestamp; magic 0 has none."""
        if self.magic == constants.MAGIC_VALUE_V0:
            return TimestampType.NO_TIMESTAMP_TYPE
        if self._attributes & constants.TIMESTAMP_TYPE_MASK:
            return TimestampType.LOG_APPEND_TIME
        return TimestampType.CREATE_TIME

    @property
    def count_or_null(self) -> int | None:
        """Always None: a wrapper does not say how many it wraps."""
        return None

    @property
    def checksum(self) -> int:
        """The CRC-32 that the message carries."""
        return int(self._crc)

    def size_in_bytes(self) -> int:
        """The whole message, offset and size included."""
        return constants.LOG_OVERHEAD + int(self._size)

    def is_valid(self) -> bool:
        """Whether the CRC-32 fits the bytes."""
        least = RECORD_OVERHEAD_V1 if self.magic else RECORD_OVERHEAD_V0
        size = self.size_in_bytes()
        if self._size < least or size > len(self.buffer):
            return False
        return self.checksum == zlib.crc32(self.buffer[constants.MAGIC_OFFSET : size])

    def ensure_valid(self) -> None:
        """Raises CorruptRecordException, with reason and position, unless ``is_valid``."""
        if not self.is_valid():
            raise CorruptRecordException("A message's checksum or size is wrong", self.position)

    def iterator(self) -> Iterator[DefaultRecord]:
        """The message, or the messages that it wraps."""
        for record, _ in self.deep_iterator():
            yield record

    def deep_iterator(self) -> Iterator[tuple[DefaultRecord, "LegacyRecordBatch"]]:
        """As ``iterator``, each record with the message that it stands in."""
        try:
            if self.compression_type is CompressionType.NONE:
                yield self._as_record(self.base_offset), self
            else:
                yield from self._wrapped_messages()
        except CorruptRecordException as broken:
            raise CorruptRecordException(broken.reason, self.position) from broken

    def _key_and_value(self) -> tuple[memoryview | None, memoryview | None]:
        at = _HEAD.size + (_LONG.size if self.magic else 0)
        key, at = self._read_bytes(at)
        value, at = self._read_bytes(at)
        return key, value

    def _read_bytes(self, position: int) -> tuple[memoryview | None, int]:
        end = min(len(self.buffer), self.size_in_bytes())
        if position + _INT.size > end:
            raise CorruptRecordException("A message ends inside a length")
        (size,) = _INT.unpack_from(self.buffer, position)
        position += _INT.size
        if size < 0:
            return None, position
        if size > end - position:
            raise CorruptRecordException(
                f"A field claims {size} bytes where {end - position} are left"
            )
        return self.buffer[position : position + size], position + size

    def _as_record(self, offset: int, timestamp: int | None = None) -> DefaultRecord:
        key, value = self._key_and_value()
        time = self.max_timestamp if timestamp is None else timestamp
        return DefaultRecord(offset, time, key, value, (), -1, self.size_in_bytes())

    def _base_of_inner_offsets(self, last_inner_offset: int) -> int:
        # Old versions of librdkafka leave the wrapper's offset at 0 when they produce.
        if self.magic == constants.MAGIC_VALUE_V0 or self.last_offset == 0:
            return 0
        if self.last_offset < last_inner_offset:
            raise CorruptRecordException(
                f"A wrapper's offset {self.last_offset} is below its last inner one, "
                f"{last_inner_offset}"
            )
        return self.last_offset - last_inner_offset

    def _wrapped_messages(self) -> Iterator[tuple[DefaultRecord, "LegacyRecordBatch"]]:
        wrapped = self._key_and_value()[1]
        if wrapped is None:
            raise CorruptRecordException("A compressed message has no value")
        if self.compression_type is CompressionType.ZSTD:
            raise CorruptRecordException(f"A message of magic {self.magic} cannot be zstd")
        inner = list(inner_messages(decompress(self.compression_type, wrapped, magic=self.magic)))
        if not inner:
            raise CorruptRecordException("A compressed message wraps none")
        base = self._base_of_inner_offsets(inner[-1].base_offset)
        by_log = self.timestamp_type is TimestampType.LOG_APPEND_TIME
        for message in inner:
            if message.compression_type is not CompressionType.NONE:
                raise CorruptRecordException("A compressed message wraps another compressed one")
            if message.magic > constants.MAGIC_VALUE_V1 or not message.is_valid():
                raise CorruptRecordException("A wrapped message's checksum or size is wrong")
            record = message._as_record(  # noqa: SLF001 - the same class
                base + message.base_offset, self.max_timestamp if by_log else None
            )
            yield record, message


def inner_messages(data: memoryview) -> Iterator[LegacyRecordBatch]:
    """The messages of a message set; CorruptRecordException if it does not end with one."""
    position = 0
    while position < len(data):
        message = LegacyRecordBatch(data[position:], position)
        size = message.size_in_bytes()
        if not _HEAD.size <= size <= len(data) - position:
            raise CorruptRecordException(f"A wrapped message claims {size} bytes")
        yield LegacyRecordBatch(data[position : position + size], position)
        position += size
