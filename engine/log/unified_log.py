"""A partition's log: segments in order, appended to at the end, read anywhere.

::

    log_start_offset                              high_watermark = log_end_offset (one replica)
    v                                             v
    [ segment 0 | segment 5120 | ... | active segment ]

Appending is one thread at a time, by the log's lock. Reading takes no lock: it sees the log up to
``log_end_offset``, which moves only when the bytes before it are in the page cache.

System calls: LogSegment's.

Kafka: kafka.log.UnifiedLog
"""

import bisect
import logging
import threading
from collections.abc import Sequence
from uuid import UUID

from engine.common.errors import (
    InconsistentTopicIdException,
    KafkaStorageException,
    OffsetOutOfRangeException,
    RecordBatchTooLargeException,
)
from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.system_time import SystemTime
from engine.common.topic_partition import TopicPartition
from engine.log import local_log, transaction_reads
from engine.log.append_origin import AppendOrigin
from engine.log.deletable_segments import deletable_segments
from engine.log.fetch_data_info import FetchDataInfo, LogOffsetMetadata
from engine.log.fetch_isolation import FetchIsolation
from engine.log.leader_epoch_checkpoint_file import LeaderEpochCheckpointFile
from engine.log.leader_epoch_file_cache import LeaderEpochFileCache
from engine.log.log_append_info import LogAppendInfo
from engine.log.log_config import LogConfig
from engine.log.log_dir_failure_channel import LogDirFailureChannel
from engine.log.log_loader import LogLoader
from engine.log.log_segment import LogSegment
from engine.log.log_start_offset_increment_reason import LogStartOffsetIncrementReason
from engine.log.log_validator import LogValidator
from engine.log.partition_metadata_file import PartitionMetadataFile
from engine.log.producer_state_manager import ProducerStateManager
from engine.log.producer_state_updates import (
    analyze_and_validate_producer_state,
    commit_producer_state,
    rebuild_producer_state,
)
from engine.nio import files
from engine.record.file_records import TimestampAndOffset
from engine.record.memory_records import MemoryRecords

_logger = logging.getLogger(__name__)

LATEST_TIMESTAMP = -1
EARLIEST_TIMESTAMP = -2
MAX_TIMESTAMP = -3
EARLIEST_LOCAL_TIMESTAMP = -4
_SYSTEM_TIME = SystemTime()


class UnifiedLog:
    """One partition of one topic in one directory.

    ``scheduler`` takes what need not be waited for, and its clock counts; without one a rolled
    segment is not flushed by itself and deleted files go at once.
    """

    def __init__(
        self,
        directory: str,
        topic_partition: TopicPartition,
        config: LogConfig,
        *,
        log_start_offset: int = 0,
        recovery_point: int = 0,
        had_clean_shutdown: bool = True,
    ) -> None:
        files.create_directories(directory)
        self.directory = directory
        self.topic_partition = topic_partition
        self.failures = LogDirFailureChannel(topic_partition)
        self.config = config
        self.lock = threading.RLock()
        loader = LogLoader(directory, config, had_clean_shutdown=had_clean_shutdown)
        self._segments = loader.load(log_start_offset, recovery_point)
        self.log_start_offset = max(log_start_offset, self._segments[0].base_offset)
        self._end = self._end_metadata(self._segments[-1].read_next_offset())
        self.recovery_point = min(recovery_point, self.log_end_offset)
        if had_clean_shutdown:
            self.recovery_point = self.log_end_offset
        self.producer_state_manager = ProducerStateManager(topic_partition, directory)
        self._first_unstable: LogOffsetMetadata | None = None
        unflushed = self._segments[self._floor(self._segments, self.recovery_point)].base_offset
        self._rebuild_producer_state(None if had_clean_shutdown else unflushed)
        self.leader_epochs = LeaderEpochFileCache(LeaderEpochCheckpointFile(directory))
        self.leader_epochs.truncate_from_end(self.log_end_offset)
        self._metadata_file = PartitionMetadataFile(directory)
        self._topic_id = self._metadata_file.maybe_read()
        self._closed = False
        self.scheduler: KafkaScheduler | None = None
        self.last_flushed_ms = self._now_ms()

    @property
    def topic_id(self) -> UUID | None:
        """The topic's id, None until one is assigned."""
        return self._topic_id

    @property
    def log_end_offset(self) -> int:
        """The offset that the next record gets."""
        return self._end.message_offset

    @property
    def high_watermark(self) -> int:
        """The offset up to which consumers may read: all of it, with a single replica."""
        return self._end.message_offset

    @property
    def log_end_offset_metadata(self) -> LogOffsetMetadata:
        """The log's end with the place where it stands."""
        return self._end

    @property
    def last_stable_offset(self) -> int:
        """The offset up to which every transaction is decided."""
        return self._stable_end().message_offset

    @property
    def active_segment(self) -> LogSegment:
        """The segment that is appended to."""
        return self._segments[-1]

    @property
    def segments(self) -> tuple[LogSegment, ...]:
        """All segments in order."""
        return tuple(self._segments)

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(segment.size for segment in self._segments)

    @property
    def unflushed_messages(self) -> int:
        """Records that may not be on the device yet."""
        return self.log_end_offset - self.recovery_point

    def assign_topic_id(self, topic_id: UUID) -> None:
        """Notes the topic's id on disk; InconsistentTopicIdException if another one is there."""
        if self._topic_id is not None and self._topic_id != topic_id:
            raise InconsistentTopicIdException(
                f"{self.directory} belongs to topic id {self._topic_id}, not {topic_id}."
            )
        if self._topic_id is None:
            self._metadata_file.write(topic_id)
            self._topic_id = topic_id

    def append_as_leader(
        self,
        records: MemoryRecords,
        leader_epoch: int = 0,
        origin: AppendOrigin = AppendOrigin.CLIENT,
    ) -> LogAppendInfo:
        """Gives the batches their offsets, in place, and appends their bytes unchanged.

        An ApiException says what is wrong with the batches (CorruptRecordException,
        RecordTooLargeException, InvalidRecordException, ...) or with the disk
        (KafkaStorageException); the log is then as it was. A batch that an idempotent producer has
        sent before is not appended again: the answer says where it stands.
        """
        now_ms = self._now_ms()
        writable = _writable(records)
        validator = LogValidator(self.config, origin)
        info = validator.analyze_and_validate_records(writable, now_ms)
        if not info.batches:
            info.first_offset = self.log_end_offset
            info.last_offset = self.log_end_offset - 1
            info.log_start_offset = self.log_start_offset
            return info
        if info.valid_bytes > self.config.segment_bytes:
            raise RecordBatchTooLargeException(
                f"{info.valid_bytes} bytes are more than a segment may hold, "
                f"{self.config.segment_bytes}."
            )
        with self.lock, self.failures.handling("append to"):
            validator.assign_offsets(info, self.log_end_offset, leader_epoch, now_ms)
            self._append(writable, info, leader_epoch, now_ms, origin)
        return info

    def read(
        self,
        start_offset: int,
        max_length: int,
        *,
        min_one_message: bool = False,
        isolation: FetchIsolation = FetchIsolation.HIGH_WATERMARK,
    ) -> FetchDataInfo:
        """A slice of a segment's file from the batch that holds ``start_offset``.

        At most ``max_length`` bytes, which may cut the last batch; with ``min_one_message`` at
        least the first one whole. At the log's end it is empty, for committed records at the last
        stable offset. OffsetOutOfRangeException outside ``log_start_offset`` to ``log_end_offset``.
        """
        end = self._end
        if not self.log_start_offset <= start_offset <= end.message_offset:
            raise OffsetOutOfRangeException(
                f"Offset {start_offset} of {self.topic_partition} is outside "
                f"{self.log_start_offset} to {end.message_offset}."
            )
        committed = isolation is FetchIsolation.TXN_COMMITTED
        end = self._stable_end() if committed else end
        nothing = FetchDataInfo(
            LogOffsetMetadata(start_offset),
            MemoryRecords.EMPTY,
            aborted_transactions=() if committed else None,
        )
        if start_offset >= end.message_offset:
            return nothing._replace(fetch_offset_metadata=end)
        segments = self._segments
        for number in range(self._floor(segments, start_offset), len(segments)):
            segment = segments[number]
            if segment.base_offset > end.segment_base_offset:
                break
            is_last = segment.base_offset == end.segment_base_offset
            limit = end.relative_position_in_segment if is_last else segment.size
            found = segment.read(start_offset, max_length, limit, min_one_message=min_one_message)
            if found is not None and committed:
                return transaction_reads.add_aborted_transactions(
                    found, segments[number:], end.message_offset
                )
            if found is not None:
                return found
        return nothing

    def fetch_offset_by_timestamp(self, timestamp: int) -> TimestampAndOffset | None:
        """The first record at or after a time in milliseconds; None if there is none.

        -1 asks for the log's end, -2 for its start, -3 for the record with the largest timestamp.
        """
        epoch = self.leader_epochs.latest_epoch
        latest_epoch = -1 if epoch is None else epoch
        if timestamp in (EARLIEST_TIMESTAMP, EARLIEST_LOCAL_TIMESTAMP):
            entries = self.leader_epochs.entries
            first_epoch = entries[0][0] if entries else -1
            return TimestampAndOffset(-1, self.log_start_offset, first_epoch)
        if timestamp == LATEST_TIMESTAMP:
            return TimestampAndOffset(-1, self.high_watermark, latest_epoch)
        if timestamp == MAX_TIMESTAMP:
            largest = max(s.max_timestamp_so_far.timestamp for s in self._segments)
            if largest < 0:
                return None
            timestamp = largest
        for segment in self._segments:
            if segment.max_timestamp_so_far.timestamp >= timestamp:
                return segment.find_offset_by_timestamp(timestamp, self.log_start_offset)
        return None

    def flush(self, up_to: int | None = None) -> None:
        """Waits until everything before an offset, by default the log's end, is on the device.

        Segments are flushed whole. Appends go on meanwhile, unless they wait for this themselves.
        """
        with self.lock:
            end = self.log_end_offset if up_to is None else up_to
            if end <= self.recovery_point:
                return
            dirty = self._segments[self._floor(self._segments, self.recovery_point) :]
        with self.failures.handling("flush", flushing=True):
            for segment in dirty:
                if segment.base_offset < end or up_to is None:
                    segment.flush()
        with self.lock:
            self.recovery_point = max(self.recovery_point, end)
            self.last_flushed_ms = self._now_ms()

    def maybe_increment_log_start_offset(
        self, offset: int, reason: LogStartOffsetIncrementReason
    ) -> bool:
        """Leaves out what comes before ``offset``; whether that was part of the log.

        OffsetOutOfRangeException above the high watermark. Files go when whole segments are left
        out, by ``delete_old_segments``.
        """
        with self.lock:
            if offset > self.high_watermark:
                raise OffsetOutOfRangeException(
                    f"Cannot start {self.topic_partition} at {offset}, above its high watermark "
                    f"{self.high_watermark}."
                )
            if offset <= self.log_start_offset:
                return False
            self.log_start_offset = offset
            self.leader_epochs.truncate_from_start(offset)
            _logger.info(
                "%s now starts at offset %d, due to %s.", self.topic_partition, offset, reason.value
            )
            return True

    def delete_old_segments(self) -> int:
        """Removes the segments that are too old, too many, or before the log's start; how many.

        A log that is only compacted keeps what is old. The active segment goes too if it is old:
        then a new one takes its place.
        """
        with self.lock:
            count, reasons = deletable_segments(
                self._segments,
                self.config,
                self._now_ms(),
                self.log_start_offset,
                self.log_end_offset,
            )
            if not count:
                return 0
            if count == len(self._segments):
                self.roll()
            doomed = self._segments[:count]
            start = self._segments[count].base_offset
            reason = LogStartOffsetIncrementReason.SEGMENT_DELETION
            self.maybe_increment_log_start_offset(start, reason)
            self._segments = self._segments[count:]
            self.producer_state_manager.delete_snapshots_before(start)
            self.recovery_point = max(self.recovery_point, start)
            _logger.info(
                "Deleting %d segments of %s: %s.", count, self.topic_partition, "; ".join(reasons)
            )
            local_log.delete_segment_files(doomed, self.scheduler, self.config.file_delete_delay_ms)
            return count

    def replace_segments(self, cleaned: Sequence[LogSegment], old: Sequence[LogSegment]) -> None:
        """Puts flushed ``.cleaned`` segments in the place of old ones; LocalLog says how."""
        with self.lock:
            if self._closed:
                raise KafkaStorageException(f"The log {self.topic_partition} is closed.")
            local_log.prepare_swap(self.directory, cleaned)
            kept = [segment for segment in self._segments if segment not in old]
            self._segments = sorted([*kept, *cleaned], key=lambda segment: segment.base_offset)
            local_log.delete_segment_files(old, self.scheduler, self.config.file_delete_delay_ms)
            local_log.finish_swap(self.directory, cleaned)
            self.producer_state_manager.remove_stray_snapshots(
                [segment.base_offset for segment in self._segments]
            )

    def roll(self) -> LogSegment:
        """Closes the active segment's indexes and starts a new segment at the log's end."""
        with self.lock:
            old = self._segments[-1]
            offset = self.log_end_offset
            if old.base_offset == offset:
                old.resize_indexes(self.config.segment_index_bytes)
                return old
            try:
                old.on_become_inactive_segment()
                self.producer_state_manager.update_map_end_offset(offset)
                self.producer_state_manager.take_snapshot()
                segment = LogSegment(self.directory, offset, self.config)
            except OSError as refusal:
                raise KafkaStorageException(
                    f"Cannot start segment {offset} of {self.topic_partition}: {refusal.strerror}."
                ) from refusal
            self._segments = [*self._segments, segment]
            self._end = self._end_metadata(offset)
            _logger.info("Rolled %s at offset %d.", self.topic_partition, offset)
            if self.scheduler is not None:
                self.scheduler.schedule_once("flush-log", lambda: self._flush_rolled(offset))
            return segment

    def truncate_to(self, offset: int) -> None:
        """Drops the batches from ``offset`` on."""
        with self.lock:
            keep = max(1, self._floor(self._segments, offset) + 1)
            for segment in self._segments[keep:]:
                segment.delete_if_exists()
            self._segments = self._segments[:keep]
            self._segments[-1].truncate_to(offset)
            self._segments[-1].resize_indexes(self.config.segment_index_bytes)
            self._end = self._end_metadata(self._segments[-1].read_next_offset())
            self.recovery_point = min(self.recovery_point, self.log_end_offset)
            self.leader_epochs.truncate_from_end(self.log_end_offset)
            self._rebuild_producer_state(self.log_end_offset)

    def update_config(self, config: LogConfig) -> None:
        """Applies other settings from the next append on."""
        with self.lock:
            self.config = config
            for segment in self._segments:
                segment.config = config

    def close(self) -> None:
        """Cuts the indexes to their entries and closes all files; safe to call twice."""
        with self.lock:
            if not self._closed:
                self._closed = True
                try:
                    if files.is_directory(self.directory):
                        self.producer_state_manager.take_snapshot()
                finally:
                    for segment in self._segments:
                        segment.close()

    def delete(self) -> None:
        """Removes the directory; slices on their way out keep their bytes till they are sent."""
        with self.lock:
            self._closed = True
            files.delete_directory(self.directory)

    def _append(
        self,
        records: MemoryRecords,
        info: LogAppendInfo,
        leader_epoch: int,
        now_ms: int,
        origin: AppendOrigin,
    ) -> None:
        if self._closed:
            raise KafkaStorageException(f"The log {self.topic_partition} is closed.")
        self._maybe_roll(info, now_ms)
        info.log_start_offset = self.log_start_offset
        manager = self.producer_state_manager
        update = analyze_and_validate_producer_state(manager, info.batches, self._end, origin)
        if update.duplicate is not None:
            info.first_offset = update.duplicate.first_offset
            info.last_offset = update.duplicate.last_offset
            info.log_append_time = update.duplicate.timestamp
            return
        try:
            self.leader_epochs.assign(leader_epoch, info.first_offset)
        except OSError as refusal:
            raise KafkaStorageException(
                f"Cannot note the leader epoch of {self.topic_partition}: {refusal.strerror}."
            ) from refusal
        self.active_segment.append(info.batches, records)
        end = self._end_metadata(info.last_offset + 1)
        commit_producer_state(manager, update, self.active_segment.txn_index, end.message_offset)
        manager.on_high_watermark_updated(end.message_offset)
        self._update_first_unstable_offset()
        self._end = end
        if self.unflushed_messages >= self.config.flush_messages:
            self.flush()

    def _maybe_roll(self, info: LogAppendInfo, now_ms: int) -> None:
        segment = self.active_segment
        if segment.should_roll(info.valid_bytes, info.last_offset, now_ms, info.max_timestamp):
            self.roll()

    def _rebuild_producer_state(self, trusted_offset: int | None) -> None:
        ends = (self.log_start_offset, self.log_end_offset)
        rebuild_producer_state(self.producer_state_manager, self._segments, ends, trusted_offset)
        self._update_first_unstable_offset()

    def _update_first_unstable_offset(self) -> None:
        first = self.producer_state_manager.first_unstable_offset
        if first is not None:
            first = transaction_reads.with_position(first, self._segments, self.log_start_offset)
        self._first_unstable = first

    def _stable_end(self) -> LogOffsetMetadata:
        end, first = self._end, self._first_unstable
        return end if first is None else min(first, end)

    def _flush_rolled(self, offset: int) -> None:
        if not self._closed:
            self.flush(offset)

    def _now_ms(self) -> int:
        return (_SYSTEM_TIME if self.scheduler is None else self.scheduler.time).milliseconds()

    def _end_metadata(self, offset: int) -> LogOffsetMetadata:
        active = self._segments[-1]
        return LogOffsetMetadata(offset, active.base_offset, active.size)

    @staticmethod
    def _floor(segments: list[LogSegment], offset: int) -> int:
        return max(0, bisect.bisect_right(segments, offset, key=lambda s: s.base_offset) - 1)


def _writable(records: MemoryRecords) -> MemoryRecords:
    # Offsets are written into the batches where they lie. Only a caller with constant bytes in
    # hand, never the network, pays for a copy.
    if records.buffer.readonly:
        return MemoryRecords(bytearray(records.buffer))
    return records
