"""Batches in memory: usually a view of the buffer that the network received into.

System calls: ``write_to`` is ``sendto(2)``.

Kafka: org.apache.kafka.common.record.MemoryRecords
"""

import functools
from collections.abc import Iterator
from typing import ClassVar

from engine.nio.buffer import Buffer
from engine.nio.socket_channel import SocketChannel
from engine.record.byte_buffer_log_input_stream import ByteBufferLogInputStream
from engine.record.default_record import DefaultRecord
from engine.record.record_batch import RecordBatch


class MemoryRecords:
    """Holds a view and copies nothing; ``EMPTY`` is the one without a byte."""

    EMPTY: ClassVar["MemoryRecords"]

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = memoryview(buffer)

    @classmethod
    def readable_records(cls, buffer: Buffer) -> "MemoryRecords":
        """The records in ``buffer``, by reference."""
        return cls(buffer)

    def batches(self) -> Iterator[RecordBatch]:
        """The whole batches in turn; CorruptRecordException at bytes that cannot be one."""
        return iter(ByteBufferLogInputStream(self.buffer))

    def records(self) -> Iterator[DefaultRecord]:
        """All records of all batches, unpacked."""
        for batch in self.batches():
            yield from batch

    def size_in_bytes(self) -> int:
        """All bytes, a part of a batch at the end included."""
        return len(self.buffer)

    @functools.cached_property
    def valid_bytes(self) -> int:
        """The bytes of the whole batches."""
        return sum(batch.size_in_bytes() for batch in self.batches())

    def write_to(self, channel: SocketChannel, position: int, length: int) -> int:
        """Sends a part; returns the bytes that the socket took."""
        return channel.write([self.buffer[position : position + length]])


MemoryRecords.EMPTY = MemoryRecords(b"")
