"""Cuts a file into batches, reading no more of each than is asked for.

System calls: one ``preadv2`` of 61 bytes a batch, which is its whole header; one of the whole batch
when its records or its checksum are asked for. Kafka reads 17 bytes to find the next batch and then
61 again when a header is asked for, so that a look-up costs it two calls a batch.

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

    def __init__(self, channel: FileChannel, position: int, head: bytearray) -> None:
        self._channel = channel
        self._head = head
        self._size = checked_batch_size(head, position)
        self.position = position
        self.base_offset = int.from_bytes(head[:8], "big", signed=True)
        self.magic = head[MAGIC_OFFSET]

    def size_in_bytes(self) -> int:
        """The whole batch, header included."""
        return self._size

    @functools.cached_property
    def header(self) -> RecordBatch:
        """The batch's header; its records and checksum must not be asked for."""
        return batch_of(self._head[: self._size], self.position)

    @functools.cached_property
    def full_batch(self) -> RecordBatch:
        """The whole batch, in memory."""
        buffer = bytearray(self._size)
        if self._channel.read(buffer, self.position) < self._size:
            raise CorruptRecordException(
                f"The file {self._channel.path} ends inside a batch", self.position
            )
        return batch_of(buffer, self.position)

    @property
    def last_offset(self) -> int:
        """Offset of the last record."""
        return self.header.last_offset

    @property
    def max_timestamp(self) -> int:
        """Largest timestamp in milliseconds."""
        return self.header.max_timestamp


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
        while position + HEADER_SIZE_UP_TO_MAGIC <= self._end:
            head = bytearray(min(RECORD_BATCH_OVERHEAD, self._end - position))
            if self._channel.read(head, position) < len(head):
                return
            batch = FileChannelRecordBatch(self._channel, position, head)
            if position + batch.size_in_bytes() > self._end:
                return
            yield batch
            position += batch.size_in_bytes()
