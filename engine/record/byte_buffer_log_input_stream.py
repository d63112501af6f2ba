"""Cuts bytes in memory into batches.

System calls: none.

Kafka: org.apache.kafka.common.record.ByteBufferLogInputStream
"""

import struct
from collections.abc import Iterator

from engine.common.errors import CorruptRecordException
from engine.nio.buffer import Buffer
from engine.record.default_record_batch import RECORD_BATCH_OVERHEAD, DefaultRecordBatch
from engine.record.legacy_record_batch import RECORD_OVERHEAD_V0, LegacyRecordBatch
from engine.record.record_batch import (
    HEADER_SIZE_UP_TO_MAGIC,
    LOG_OVERHEAD,
    MAGIC_OFFSET,
    MAGIC_VALUE_V2,
    SIZE_OFFSET,
    RecordBatch,
)

_INT = struct.Struct(">i")


def batch_of(buffer: Buffer, position: int | None = None) -> RecordBatch:
    """The batch that ``buffer`` starts with, by its magic number."""
    if buffer[MAGIC_OFFSET] == MAGIC_VALUE_V2:
        return DefaultRecordBatch(buffer, position)
    return LegacyRecordBatch(buffer, position)


def checked_batch_size(head: Buffer, position: int) -> int:
    """The whole size of the batch whose first 17 bytes are ``head``.

    Raises CorruptRecordException if no batch can start so: too small for its format, or of a
    magic number that is not known.
    """
    (size,) = _INT.unpack_from(head, SIZE_OFFSET)
    magic = head[MAGIC_OFFSET]
    if magic > MAGIC_VALUE_V2:
        raise CorruptRecordException(f"The magic number {magic} is not known", position)
    least = RECORD_BATCH_OVERHEAD - LOG_OVERHEAD if magic == MAGIC_VALUE_V2 else RECORD_OVERHEAD_V0
    if size < least:
        raise CorruptRecordException(
            f"A batch claims {size} bytes after its length, and magic {magic} needs {least}",
            position,
        )
    return LOG_OVERHEAD + int(size)


class ByteBufferLogInputStream:
    """Iterates over the whole batches; a part of one at the end is left alone, as in Kafka."""

    def __init__(self, buffer: memoryview, max_message_size: int = 2**31 - 1) -> None:
        self._buffer = buffer
        self._max_message_size = max_message_size

    def __iter__(self) -> Iterator[RecordBatch]:
        position = 0
        while len(self._buffer) - position >= HEADER_SIZE_UP_TO_MAGIC:
            size = checked_batch_size(self._buffer[position:], position)
            if size > self._max_message_size:
                raise CorruptRecordException(
                    f"A batch of {size} bytes is over the limit of {self._max_message_size}",
                    position,
                )
            if size > len(self._buffer) - position:
                return
            yield batch_of(self._buffer[position : position + size], position)
            position += size
