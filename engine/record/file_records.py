"""Batches in a file: a segment's ``.log``, or a slice of one that is about to be sent.

``append`` writes at the end of the file, with one write for all batches of a request::

    MemoryRecords -> FileChannel.write -> IOUtil.write -> FileDispatcher.write -> write(2)

That is Kafka's way, and the one taken unless an AppendMode asks for another.

``write_to`` hands a range of the file to a socket without reading it: FileChannel.transfer_to.

System calls: ``write`` (append), those of FileChannel.transfer_to (write_to), ``fdatasync`` or
``fsync`` (flush), ``ftruncate`` (truncate_to), ``preadv2`` (searching batches).

Kafka: org.apache.kafka.common.record.FileRecords
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.common.errors import KafkaStorageException
from engine.nio import files
from engine.nio.append_mode import AppendMode
from engine.nio.append_strategy import AppendStrategy
from engine.nio.file_channel import FileChannel
from engine.nio.socket_channel import SocketChannel
from engine.record.file_log_input_stream import FileChannelRecordBatch, FileLogInputStream
from engine.record.memory_records import MemoryRecords

# Positions in an index are int32, so a segment ends before 2 GiB.
MAX_SIZE = 2**31 - 1


class LogOffsetPosition(NamedTuple):
    """Where a batch stands: its base offset, its position and its size in bytes."""

    offset: int
    position: int
    size: int


class TimestampAndOffset(NamedTuple):
    """A record found by its timestamp (milliseconds)."""

    timestamp: int
    offset: int
    leader_epoch: int


class FileRecords:
    """A range of a file; positions are relative to its start. A slice shares the channel."""

    def __init__(self, channel: FileChannel, start: int, end: int, *, is_slice: bool) -> None:
        self.channel = channel
        self._start = start
        self._end = end
        self.is_slice = is_slice
        self.append_strategy: AppendStrategy | None = None

    @classmethod
    def open(
        cls,
        path: str,
        *,
        mutable: bool = True,
        preallocate: int = 0,
        append_mode: AppendMode = AppendMode.WRITE,
    ) -> "FileRecords":
        """Opens a segment's file, creating it if ``mutable``.

        ``preallocate`` sizes a new file; writing starts at its beginning all the same.
        """
        fresh_size = preallocate if mutable else 0
        channel = FileChannel.open(
            path, read_only=not mutable, create=mutable, preallocate=fresh_size
        )
        size = channel.size()
        end = 0 if fresh_size and size == fresh_size else min(size, MAX_SIZE)
        records = cls(channel, 0, end, is_slice=False)
        if mutable:
            channel.position = end
            records.append_strategy = append_mode.strategy(channel)
        return records

    @property
    def path(self) -> str:
        """The file's path."""
        return self.channel.path

    def size_in_bytes(self) -> int:
        """Bytes in the range, whole or not."""
        return self._end - self._start

    def append(self, records: MemoryRecords) -> int:
        """Writes all batches at the end; returns the bytes written.

        If the disk refuses (it is full), the file is cut back to what it was and
        KafkaStorageException is raised: no part of a batch stays behind.
        """
        size = records.size_in_bytes()
        if size > MAX_SIZE - self._end:
            raise ValueError(f"{size} bytes do not fit behind {self._end} in one segment.")
        if self.append_strategy is None:
            raise ValueError(f"{self.path} is open for reading only.")
        try:
            self.append_strategy.append(records.buffer, self._end)
        except OSError as refusal:
            self._cut_file(self._end)
            raise KafkaStorageException(
                f"Cannot append to {self.path}: {refusal.strerror}; nothing of it was kept."
            ) from refusal
        self._end += size
        return size

    def slice(self, position: int, size: int) -> "FileRecords":
        """At most ``size`` bytes from ``position``; ValueError if that is outside the range."""
        if not 0 <= position <= self.size_in_bytes() or size < 0:
            raise ValueError(
                f"No slice of {size} bytes at {position} in {self.size_in_bytes()} bytes."
            )
        start = self._start + position
        return FileRecords(self.channel, start, min(start + size, self._end), is_slice=True)

    def read_into(self, buffer: bytearray | memoryview, position: int) -> int:
        """Fills ``buffer`` from ``position``, not beyond the range; returns the bytes read."""
        available = max(0, self.size_in_bytes() - position)
        return self.channel.read(memoryview(buffer)[:available], self._start + position)

    def write_to(self, channel: SocketChannel, position: int, length: int) -> int:
        """Sends up to ``length`` bytes from ``position``; the bytes taken, 0 would block.

        KafkaStorageException if the file was cut meanwhile: those bytes will never come.
        """
        start = self._start + position
        count = min(length, self.size_in_bytes() - position)
        sent = self.channel.transfer_to(start, count, channel)
        if sent == 0 and count > 0 and self.channel.size() <= start:
            raise KafkaStorageException(f"{self.path} was cut while it was being sent.")
        return sent

    def batches(self) -> Iterator[FileChannelRecordBatch]:
        """The whole batches in turn; CorruptRecordException at bytes that cannot be one."""
        return self.batches_from(0)

    def batches_from(self, position: int) -> Iterator[FileChannelRecordBatch]:
        """The whole batches from the one that starts at ``position``."""
        return iter(FileLogInputStream(self.channel, self._start + position, self._end))

    def search_for_offset_with_size(
        self, target_offset: int, starting_position: int
    ) -> LogOffsetPosition | None:
        """The first batch from a position on whose last offset reaches the target, or None."""
        for batch in self.batches_from(starting_position):
            if batch.last_offset >= target_offset:
                return LogOffsetPosition(batch.base_offset, batch.position, batch.size_in_bytes())
        return None

    def search_for_timestamp(
        self, target_timestamp: int, starting_position: int, starting_offset: int
    ) -> TimestampAndOffset | None:
        """The first record from a position on at or after a time and an offset, or None."""
        for batch in self.batches_from(starting_position):
            if batch.max_timestamp < target_timestamp or batch.last_offset < starting_offset:
                continue
            epoch = batch.header.partition_leader_epoch
            for record in batch.full_batch:
                if record.timestamp >= target_timestamp and record.offset >= starting_offset:
                    return TimestampAndOffset(record.timestamp, record.offset, epoch)
        return None

    def rename_to(self, path: str) -> None:
        """Gives the file another name in its directory, which the caller forces."""
        files.move(self.channel.path, path, flush_parent=False)
        self.channel.path = path

    def flush(self) -> None:
        """Waits until everything appended is on the device."""
        self.channel.force()

    def truncate_to(self, size: int) -> int:
        """Cuts the file to ``size`` bytes; returns how many went. ValueError if it is shorter."""
        before = self.size_in_bytes()
        if not 0 <= size <= before:
            raise ValueError(f"Cannot cut {self.path} of {before} bytes to {size}.")
        if size < self.channel.size():
            self._cut_file(size)
            self._end = size
            self.channel.position = size
        return before - size

    def trim(self) -> None:
        """Gives back what preallocation or the way of appending took and no batch used."""
        if self.append_strategy is not None:
            self.append_strategy.release()
        self.truncate_to(self.size_in_bytes())

    def close(self) -> None:
        """Trims a segment and closes its file; a slice leaves it open."""
        if self.is_slice:
            return
        if not self.channel.read_only and self.channel.fileno() >= 0:
            self.trim()
        self.channel.close()

    def _cut_file(self, size: int) -> None:
        # A mapping or a buffered tail must not outlive the bytes that it stands for.
        if self.append_strategy is not None:
            self.append_strategy.release()
        self.channel.truncate(size)
