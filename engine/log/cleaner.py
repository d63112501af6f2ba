"""Compacts one log: for each key only the last record stays, with its offset.

::

    1 read the dirty part: key -> last offset, in a map of bounded memory
    2 group the segments from the log's start, so that a group fits one segment
    3 of each group write what stays, batch by batch, to a .cleaned segment
    4 flush it and let it take the group's place (LocalLog)

A record without a value stays, too, until its batch's delete horizon: a reader that began before
it was written must learn of it. A first pass sets the horizon, a later one drops the record.

System calls: ``preadv2`` and ``write`` of batches, ``fsync``, LocalLog's.

Kafka: kafka.log.Cleaner
"""

import logging
from collections.abc import Callable, Sequence

from engine.common.topic_partition import TopicPartition
from engine.log.batch_filter import BatchFilter
from engine.log.cleaned_transaction_metadata import CleanedTransactionMetadata
from engine.log.cleaner_config import CleanerConfig
from engine.log.cleaner_stats import CleanerStats
from engine.log.log_file_utils import CLEANED_FILE_SUFFIX
from engine.log.log_segment import LogSegment
from engine.log.log_to_clean import LogToClean, segments_between
from engine.log.skimpy_offset_map import ENTRY_SIZE, SkimpyOffsetMap
from engine.log.transaction_reads import collect_aborted_transactions
from engine.log.unified_log import UnifiedLog
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.legacy_record_batch import LegacyRecordBatch
from engine.record.memory_records import MemoryRecords
from engine.record.record_batch import RecordBatch

_logger = logging.getLogger(__name__)
_MAX_RELATIVE_OFFSET = 2**31 - 1
# What stays is written in pieces of about this size.
_WRITE_BYTES = 1 << 20


class Cleaner:
    """``check_done`` is called before each batch and raises where cleaning is to stop."""

    def __init__(self, config: CleanerConfig, check_done: Callable[[TopicPartition], None]) -> None:
        self._config = config
        self._check_done = check_done

    def clean(self, cleanable: LogToClean, now_ms: int) -> tuple[int, CleanerStats]:
        """Compacts as much as the map has room for; the first offset that is still dirty."""
        log = cleanable.log
        stats = CleanerStats()
        offset_map = self.build_offset_map(cleanable, stats)
        end = offset_map.latest_offset + 1
        clean_segments = [s for s in log.segments if s.base_offset < cleanable.first_dirty_offset]
        retention = log.config.delete_retention_ms
        legacy_horizon = clean_segments[-1].last_modified - retention if clean_segments else 0
        transactions = CleanedTransactionMetadata()
        batch_filter = BatchFilter(log, offset_map, transactions, now_ms)
        segments = segments_between(log, log.segments[0].base_offset, end)
        for group in group_segments_by_size(log, segments, cleanable.first_uncleanable_offset):
            self._clean_segments(log, group, batch_filter, legacy_horizon, stats)
        stats.map_size = offset_map.size
        return end, stats

    def build_offset_map(self, cleanable: LogToClean, stats: CleanerStats) -> SkimpyOffsetMap:
        """The last offset of each key in the dirty part, as far as there is room.

        ``latest_offset`` of the map says how far that was.
        """
        start, end = cleanable.first_dirty_offset, cleanable.first_uncleanable_offset
        load = self._config.dedupe_buffer_load_factor
        wanted = (int((end - start) / load) + 1) * ENTRY_SIZE
        offset_map = SkimpyOffsetMap(min(self._config.dedupe_buffer_size, wanted))
        room = max(1, int(offset_map.slots * load))
        offset_map.update_latest_offset(start - 1)
        dirty = cleanable.dirty_segments()
        transactions = CleanedTransactionMetadata()
        aborted = collect_aborted_transactions(dirty, start, end)
        transactions.add_aborted_transactions(aborted)
        for segment in dirty:
            for lazy in segment.log.batches():
                self._check_done(cleanable.log.topic_partition)
                batch = _sound(lazy.full_batch)
                if not _put_keys(batch, start, offset_map, transactions, room):
                    return offset_map
                stats.map_messages_read += batch.count_or_null or 1
                if batch.last_offset >= start:
                    offset_map.update_latest_offset(batch.last_offset)
        offset_map.update_latest_offset(end - 1)
        return offset_map

    def _clean_segments(
        self,
        log: UnifiedLog,
        group: Sequence[LogSegment],
        batch_filter: BatchFilter,
        legacy_horizon: int,
        stats: CleanerStats,
    ) -> None:
        base = group[0].base_offset
        cleaned = new_cleaned_segment(log, base)
        try:
            batch_filter.transactions.cleaned_index = cleaned.txn_index
            for segment in group:
                batch_filter.begin(segment, legacy_horizon)
                self._clean_into(segment, cleaned, batch_filter, stats)
            cleaned.on_become_inactive_segment()
            cleaned.flush()
            cleaned.last_modified = group[-1].last_modified
            log.replace_segments([cleaned], group)
        except BaseException:
            if cleaned.log.path.endswith(CLEANED_FILE_SUFFIX):
                cleaned.delete_if_exists()
            raise

    def _clean_into(
        self,
        source: LogSegment,
        target: LogSegment,
        batch_filter: BatchFilter,
        stats: CleanerStats,
    ) -> None:
        pending: list[RecordBatch] = []
        size = 0
        for lazy in source.log.batches():
            self._check_done(batch_filter.topic_partition)
            stats.bytes_read += lazy.size_in_bytes()
            kept = batch_filter.filter(_sound(lazy.full_batch), stats)
            if kept is None:
                continue
            pending.append(kept)
            size += kept.size_in_bytes()
            stats.bytes_written += kept.size_in_bytes()
            if size >= _WRITE_BYTES:
                _write(target, pending)
                pending, size = [], 0
        if pending:
            _write(target, pending)


def group_segments_by_size(
    log: UnifiedLog, segments: Sequence[LogSegment], first_uncleanable_offset: int
) -> list[list[LogSegment]]:
    """Neighbours that fit one segment: by bytes, by index bytes and by the span of offsets."""
    config = log.config
    ends = [*(segment.base_offset for segment in segments[1:]), first_uncleanable_offset]
    groups: list[list[LogSegment]] = []
    sizes = (0, 0, 0)
    for segment, end in zip(segments, ends, strict=True):
        own = (
            segment.size,
            segment.offset_index.size_in_bytes(),
            segment.time_index.size_in_bytes(),
        )
        together = tuple(a + b for a, b in zip(sizes, own, strict=True))
        fits = (
            together[0] <= config.segment_bytes
            and max(together[1:]) <= config.segment_index_bytes
            and bool(groups)
            and end - 1 - groups[-1][0].base_offset <= _MAX_RELATIVE_OFFSET
        )
        if fits:
            groups[-1].append(segment)
            sizes = (together[0], together[1], together[2])
        else:
            groups.append([segment])
            sizes = own
    return groups


def new_cleaned_segment(log: UnifiedLog, base_offset: int) -> LogSegment:
    """An empty ``.cleaned`` segment; what a failed pass left of one is removed."""
    leftover = LogSegment(log.directory, base_offset, log.config, suffix=CLEANED_FILE_SUFFIX)
    if not leftover.size and not leftover.offset_index.entries:
        return leftover
    leftover.delete_if_exists()
    return LogSegment(log.directory, base_offset, log.config, suffix=CLEANED_FILE_SUFFIX)


def _sound(batch: RecordBatch) -> RecordBatch:
    batch.ensure_valid()
    return batch


def _put_keys(
    batch: RecordBatch,
    start: int,
    offset_map: SkimpyOffsetMap,
    transactions: CleanedTransactionMetadata,
    room: int,
) -> bool:
    """Notes the keys of a batch; whether there was room for all of them."""
    if batch.is_control_batch:
        transactions.on_control_batch_read(batch)
        return True
    if transactions.on_batch_read(batch):
        return True
    for record in batch:
        if record.key is None or record.offset < start:
            continue
        if offset_map.size >= room and offset_map.get(record.key) < 0:
            return False
        offset_map.put(record.key, record.offset)
    return True


def _write(target: LogSegment, batches: Sequence[RecordBatch]) -> None:
    buffer = bytearray()
    for batch in batches:
        assert isinstance(batch, DefaultRecordBatch | LegacyRecordBatch)
        buffer += batch.buffer[: batch.size_in_bytes()]
    target.append(batches, MemoryRecords(buffer))
