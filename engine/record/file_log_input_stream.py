"""Cuts a file into batches, reading no more of each than is asked for.

System calls: ``preadv2`` of 17 bytes a batch to find the next one; of 61 bytes when its header is
asked for; of the whole batch when its records or its checksum are.

Kafka: org.apache.kafka.common.record.FileLogInputStream
"""

import functools
from collections.abc import Iterator

from engine.common.errors import CorruptRecordException
from engine.nio.file_channel import FileChannel
from engine.record.byte_buffer_log_input_stream import batch_of, checked_batch_size
from engine.record.default_record_batch import RECORD_BATCH_OVERHEAD
from engine.record.record_batch import HEADER_SIZE_UP_TO_MAGIC, MAGIC_OFFSET, RecordBatch


class FileChannelRecordBatch:
    """A batch in a file: ``position`` and size are known, the rest is read when asked for."""

    def __init__(self, channel: FileChannel, position: int, head: bytearray, size: int) -> None:
        self._channel = channel
        self._size = size
        self.position = position
        self.base_offset = int.from_bytes(head[:8], "big", signed=True)
        self.magic = head[MAGIC_OFFSET]

    def size_in_bytes(self) -> int:
        """The whole batch, header included."""
        return self._size

    @functools.cached_property
    def header(self) -> RecordBatch:
        """The batch's header; its records and checksum must not be asked for."""
        return self._load(min(self._size, RECORD_BATCH_OVERHEAD))

    @functools.cached_property
    def full_batch(self) -> RecordBatch:
        """The whole batch, in memory."""
        return self._load(self._size)

    @property
    def last_offset(self) -> int:
        """Offset of the last record."""
        return self.header.last_offset

    @property
    def max_timestamp(self) -> int:
        """Largest timestamp in milliseconds."""
        return self.header.max_timestamp

    def _load(self, size: int) -> RecordBatch:
        buffer = bytearray(size)
        if self._channel.read(buffer, self.position) < size:
            raise CorruptRecordException(
                f"The file {self._channel.path} ends inside a batch", self.position
            )
        return batch_of(buffer, self.position)


class FileLogInputStream:
    """Iterates over the whole batches between two positions of a file.

    A part of a batch at the end is left alone; CorruptRecordException at bytes that cannot be one.
    """

    def __init__(self, channel: FileChannel, start: int, end: int) -> None:
        self._channel = channel
        self._start = start
        self._end = end

    def __iter__(self) -> Iterator[FileChannelRecordBatch]:
        position = self._start
        head = bytearray(HEADER_SIZE_UP_TO_MAGIC)
        while position + HEADER_SIZE_UP_TO_MAGIC <= self._end:
            if self._channel.read(head, position) < len(head):
                return
            size = checked_batch_size(head, position)
            if position + size > self._end:
                return
            yield FileChannelRecordBatch(self._channel, position, head, size)
            position += size
