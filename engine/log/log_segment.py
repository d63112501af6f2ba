"""A stretch of the log: one ``.log`` file and its two indexes.

``append`` is one write, then at most one index entry a batch::

    FileRecords.append -> write(2)
    every index.interval.bytes: OffsetIndex.append, TimeIndex.maybe_append -> stores into mappings

System calls: FileRecords' and AbstractIndex's.

Kafka: org.apache.kafka.storage.internals.log.LogSegment
"""

import logging
import time
from collections.abc import Callable, Iterable

from engine.common.errors import CorruptRecordException, KafkaStorageException
from engine.log.fetch_data_info import FetchDataInfo, LogOffsetMetadata
from engine.log.log_config import LogConfig
from engine.log.log_file_utils import (
    INDEX_FILE_SUFFIX,
    LOG_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    TXN_INDEX_FILE_SUFFIX,
    log_file,
)
from engine.log.offset_index import OffsetIndex
from engine.log.time_index import TimeIndex
from engine.log.timestamp_offset import UNKNOWN, TimestampOffset
from engine.log.transaction_index import TransactionIndex
from engine.nio import files
from engine.nio.append_mode import AppendMode
from engine.record.file_records import FileRecords, LogOffsetPosition, TimestampAndOffset
from engine.record.memory_records import MemoryRecords
from engine.record.record_batch import RecordBatch

_logger = logging.getLogger(__name__)
_MAX_RELATIVE_OFFSET = 2**31 - 1


class LogSegment:
    """Batches from ``base_offset`` on; appending belongs to the log's lock."""

    def __init__(
        self, directory: str, base_offset: int, config: LogConfig, *, suffix: str = ""
    ) -> None:
        """``suffix`` stands behind the files' names while they are not part of the log yet."""
        self.base_offset = base_offset
        self.config = config
        self.created_ms = time.time_ns() // 1_000_000
        size = config.segment_index_bytes
        index_path = log_file(directory, base_offset, INDEX_FILE_SUFFIX + suffix)
        time_index_path = log_file(directory, base_offset, TIME_INDEX_FILE_SUFFIX + suffix)
        preallocate = config.segment_bytes if config.preallocate else 0
        log_path = log_file(directory, base_offset, LOG_FILE_SUFFIX + suffix)
        mode = AppendMode(config.append_mode)
        self.log = FileRecords.open(log_path, preallocate=preallocate, append_mode=mode)
        self.offset_index = OffsetIndex(index_path, base_offset, size)
        self.time_index = TimeIndex(time_index_path, base_offset, size)
        self.txn_index = TransactionIndex(
            log_file(directory, base_offset, TXN_INDEX_FILE_SUFFIX + suffix), base_offset
        )
        self._bytes_since_last_index_entry = 0
        self._max_timestamp_so_far: TimestampOffset | None = None
        self._rolling_based_timestamp: int | None = None
        self._roll_jitter_ms = config.random_segment_jitter()

    @property
    def size(self) -> int:
        """Bytes of batches."""
        return self.log.size_in_bytes()

    @property
    def max_timestamp_so_far(self) -> TimestampOffset:
        """The largest timestamp, and the offset of the batch that brought it."""
        if self._max_timestamp_so_far is None:
            self._max_timestamp_so_far = self._largest_indexed_timestamp()
        return self._max_timestamp_so_far

    @property
    def largest_timestamp(self) -> int:
        """The largest timestamp; where no record has one, when the file was last written."""
        largest = self.max_timestamp_so_far.timestamp
        return largest if largest >= 0 else self.last_modified

    @property
    def last_modified(self) -> int:
        """When the file was last written, in milliseconds since 1970."""
        return files.last_modified(self.log.path)

    @last_modified.setter
    def last_modified(self, milliseconds: int) -> None:
        for path in (self.log.path, self.offset_index.path, self.time_index.path):
            files.set_last_modified(path, milliseconds)

    @property
    def first_batch_timestamp(self) -> int:
        """The largest timestamp of the first batch, -1 if there is none."""
        if self._rolling_based_timestamp is None:
            first = next(self.log.batches(), None)
            if first is not None and first.max_timestamp >= 0:
                self._rolling_based_timestamp = first.max_timestamp
        return -1 if self._rolling_based_timestamp is None else self._rolling_based_timestamp

    def append(self, batches: Iterable[RecordBatch], records: MemoryRecords) -> None:
        """Writes all of ``records``, which are ``batches``, and indexes them.

        KafkaStorageException if the disk refuses: then the segment is as it was.
        """
        known = self.max_timestamp_so_far
        position = self.size
        self.log.append(records)
        try:
            for batch in batches:
                self._index(batch, position)
                position += batch.size_in_bytes()
        except OSError as refusal:
            self._undo(position=self.size - records.size_in_bytes(), known=known)
            raise KafkaStorageException(
                f"Cannot index {self.log.path}: {refusal.strerror}; nothing of it was kept."
            ) from refusal

    def should_roll(self, size: int, max_offset: int, now_ms: int, timestamp: int) -> bool:
        """Whether ``size`` more bytes up to ``max_offset`` belong in a new segment."""
        return (
            (self.size > 0 and self.size > self.config.segment_bytes - size)
            or (
                self.size > 0 and self._time_waited_for_roll(now_ms, timestamp) > self._segment_ms()
            )
            or self.offset_index.is_full
            or self.time_index.is_full
            or max_offset - self.base_offset > _MAX_RELATIVE_OFFSET
        )

    def translate_offset(self, offset: int, starting_position: int = 0) -> LogOffsetPosition | None:
        """The first batch whose last offset reaches ``offset``: index first, then the file."""
        mapping = self.offset_index.lookup(offset)
        return self.log.search_for_offset_with_size(
            offset, max(mapping.position, starting_position)
        )

    def read(
        self,
        start_offset: int,
        max_size: int,
        max_position: int | None = None,
        *,
        min_one_message: bool = False,
    ) -> FetchDataInfo | None:
        """A slice of the file from the batch with ``start_offset``, or None if it ends before.

        At most ``max_size`` bytes and never beyond ``max_position``; with ``min_one_message`` at
        least the first whole batch.
        """
        start = self.translate_offset(start_offset)
        if start is None:
            return None
        metadata = LogOffsetMetadata(start_offset, self.base_offset, start.position)
        allowed = max(max_size, start.size) if min_one_message else max_size
        end = self.size if max_position is None else max_position
        fetch_size = min(end - start.position, allowed)
        if fetch_size <= 0:
            return FetchDataInfo(metadata, MemoryRecords.EMPTY)
        records = self.log.slice(start.position, fetch_size)
        return FetchDataInfo(metadata, records, allowed < start.size)

    def read_next_offset(self) -> int:
        """The offset after the last batch, the base offset if there is none."""
        start = self.offset_index.lookup(self.offset_index.last_offset).position
        last = None
        for batch in self.log.batches_from(start):
            last = batch
        return self.base_offset if last is None else last.last_offset + 1

    def find_offset_by_timestamp(
        self, timestamp: int, starting_offset: int
    ) -> TimestampAndOffset | None:
        """The first record at or after a time and an offset, or None."""
        known = self.time_index.lookup(timestamp)
        position = self.offset_index.lookup(max(known.offset, starting_offset)).position
        return self.log.search_for_timestamp(timestamp, position, starting_offset)

    def recover(self, before_cut: Callable[[], None] | None = None) -> int:
        """Checks every batch, rebuilds both indexes, cuts the file behind the last sound batch.

        Returns the bytes that were cut; ``before_cut`` is called if there are any. An index that a crash left preallocated and half written
        is worth nothing, so it is written anew.
        """
        self.offset_index.reset()
        self.time_index.reset()
        self._max_timestamp_so_far = UNKNOWN
        self._bytes_since_last_index_entry = 0
        self._rolling_based_timestamp = None
        valid_bytes = 0
        next_offset = self.base_offset
        try:
            for lazy in self.log.batches():
                batch = lazy.full_batch
                batch.ensure_valid()
                _check_order(batch, next_offset)
                self._index(batch, valid_bytes)
                next_offset = batch.next_offset
                valid_bytes += batch.size_in_bytes()
        except CorruptRecordException as reason:
            _logger.warning("%s is sound up to byte %d: %s", self.log.path, valid_bytes, reason)
        if before_cut is not None and valid_bytes < self.size:
            before_cut()
        truncated = self.log.truncate_to(valid_bytes)
        self.offset_index.trim_to_valid_size()
        self.on_become_inactive_segment()
        self.time_index.trim_to_valid_size()
        return truncated

    def sanity_check(self) -> None:
        """Raises CorruptIndexException if an index cannot belong to this segment."""
        self.offset_index.sanity_check()
        self.time_index.sanity_check()

    def truncate_to(self, offset: int) -> int:
        """Drops the batches from ``offset`` on; returns the bytes that went."""
        found = self.translate_offset(offset)
        self.offset_index.truncate_to(offset)
        self.time_index.truncate_to(offset)
        self.txn_index.truncate_to(offset)
        self._bytes_since_last_index_entry = 0
        self._max_timestamp_so_far = None
        return 0 if found is None else self.log.truncate_to(found.position)

    def resize_indexes(self, size: int) -> None:
        """Makes room for entries again, when the segment becomes the active one."""
        self.offset_index.resize(size)
        self.time_index.resize(size)

    def on_become_inactive_segment(self) -> None:
        """Writes the time index's last entry and cuts both indexes to their entries."""
        largest = self.max_timestamp_so_far
        has_room = self.time_index.entries < self.time_index.max_entries
        if largest.timestamp > self.time_index.last_entry.timestamp and has_room:
            self.time_index.maybe_append(
                largest.timestamp, max(largest.offset, self.base_offset), skip_full_check=True
            )
        self.offset_index.trim_to_valid_size()
        self.time_index.trim_to_valid_size()
        self.log.trim()

    def flush(self) -> None:
        """Waits until log and indexes are on the device."""
        self.log.flush()
        self.offset_index.flush()
        self.time_index.flush()
        self.txn_index.flush()

    def close(self) -> None:
        """As when becoming inactive, then closes the files."""
        if self.log.channel.fileno() >= 0:
            self.on_become_inactive_segment()
        self.offset_index.close()
        self.time_index.close()
        self.txn_index.close()
        self.log.close()

    def change_file_suffixes(self, old: str, new: str) -> None:
        """Renames the files, the log first; the caller forces the directory."""
        for file in (self.log, self.offset_index, self.time_index, self.txn_index):
            file.rename_to(file.path.removesuffix(old) + new)

    def delete_if_exists(self) -> None:
        """Removes the files' names; a slice on its way out keeps the bytes till it is sent."""
        for path in (self.log.path, self.offset_index.path, self.time_index.path):
            files.delete_if_exists(path)
        files.delete_if_exists(self.txn_index.path)

    def _index(self, batch: RecordBatch, position: int) -> None:
        if self._rolling_based_timestamp is None and batch.max_timestamp >= 0:
            self._rolling_based_timestamp = batch.max_timestamp
        if batch.max_timestamp > self.max_timestamp_so_far.timestamp:
            self._max_timestamp_so_far = TimestampOffset(batch.max_timestamp, batch.last_offset)
        due = self._bytes_since_last_index_entry > self.config.index_interval_bytes
        # Many batches in one append may fill an index; what it lacks is found by reading on.
        if due and not self.offset_index.is_full and not self.time_index.is_full:
            largest = self.max_timestamp_so_far
            self.offset_index.append(batch.last_offset, position)
            self.time_index.maybe_append(largest.timestamp, largest.offset)
            self._bytes_since_last_index_entry = 0
        self._bytes_since_last_index_entry += batch.size_in_bytes()

    def _undo(self, position: int, known: TimestampOffset) -> None:
        first = next(self.log.batches_from(position))
        self.offset_index.truncate_to(first.base_offset)
        self.time_index.truncate_to(first.base_offset)
        self.log.truncate_to(position)
        self._max_timestamp_so_far = known

    def _largest_indexed_timestamp(self) -> TimestampOffset:
        # What came after the last entry is not in the index: after opening, a few KiB at most.
        last = self.time_index.last_entry
        largest = TimestampOffset(last.timestamp, last.offset)
        start = self.offset_index.lookup(self.offset_index.last_offset).position
        for batch in self.log.batches_from(start):
            if batch.max_timestamp > largest.timestamp:
                largest = TimestampOffset(batch.max_timestamp, batch.last_offset)
        return largest

    def _time_waited_for_roll(self, now_ms: int, timestamp: int) -> int:
        # By the records' own time, so that a segment spans segment.ms of data (KAFKA-2511).
        first = self.first_batch_timestamp
        if first >= 0 and timestamp >= 0:
            return timestamp - first
        return now_ms - self.created_ms

    def _segment_ms(self) -> int:
        return self.config.max_segment_ms - self._roll_jitter_ms


def _check_order(batch: RecordBatch, next_offset: int) -> None:
    if batch.base_offset < next_offset or batch.last_offset < batch.base_offset:
        raise CorruptRecordException(
            f"A batch with offsets {batch.base_offset} to {batch.last_offset} stands where "
            f"{next_offset} or more is due",
            batch.position,
        )
