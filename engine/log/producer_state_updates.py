"""What UnifiedLog does with its producers' state: around an append, and at the start.

::

    analyze   every batch of an append: a duplicate? in order? -> what would change
    commit    once the bytes are in the log: producers, transactions, transaction index
    rebuild   latest snapshot, then the batches behind it

System calls: SnapshotFile's, TransactionIndex's; reading batch headers when rebuilding.

Kafka: kafka.log.UnifiedLog
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.log.aborted_txn import AbortedTxn
from engine.log.append_origin import AppendOrigin
from engine.log.batch_metadata import BatchMetadata
from engine.log.completed_txn import CompletedTxn
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.fetch_data_info import LogOffsetMetadata
from engine.log.log_segment import LogSegment
from engine.log.producer_append_info import ProducerAppendInfo
from engine.log.producer_state_manager import ProducerStateManager
from engine.log.transaction_index import TransactionIndex
from engine.record.record_batch import RecordBatch

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ProducerStateUpdate:
    """What an append changes; with a ``duplicate`` nothing, and nothing is to be appended."""

    producers: dict[int, ProducerAppendInfo] = field(default_factory=dict)
    completed: list[CompletedTxn] = field(default_factory=list)
    duplicate: BatchMetadata | None = None


def analyze_and_validate_producer_state(
    manager: ProducerStateManager,
    batches: Iterable[RecordBatch],
    start: LogOffsetMetadata,
    origin: AppendOrigin,
) -> ProducerStateUpdate:
    """What these batches, to be written from ``start`` on, would change; ApiException if refused."""
    update = ProducerStateUpdate()
    position = start.relative_position_in_segment
    for batch in batches:
        if batch.producer_id >= 0:
            known = manager.last_entry(batch.producer_id)
            if origin is AppendOrigin.CLIENT and known is not None:
                update.duplicate = known.find_duplicate_batch(batch)
                if update.duplicate is not None:
                    return update
            place = LogOffsetMetadata(batch.base_offset, start.segment_base_offset, position)
            _add(manager, update, batch, place, origin)
        position += batch.size_in_bytes()
    return update


def commit_producer_state(
    manager: ProducerStateManager,
    update: ProducerStateUpdate,
    txn_index: TransactionIndex,
    end_offset: int,
) -> None:
    """Takes over what has been appended up to ``end_offset``."""
    for info in update.producers.values():
        manager.update(info)
    for completed in update.completed:
        if completed.is_aborted:
            stable = manager.last_stable_offset(completed)
            txn_index.append(AbortedTxn(*completed[:3], stable))
        manager.complete_txn(completed)
    manager.update_map_end_offset(end_offset)


def rebuild_producer_state(
    manager: ProducerStateManager,
    segments: Sequence[LogSegment],
    ends: tuple[int, int],
    trusted_offset: int | None,
) -> None:
    """Loads the latest snapshot up to ``trusted_offset`` and reads the batches behind it.

    ``ends`` are the log's start and end; without a ``trusted_offset`` the log was closed in order.
    A transaction index that is broken is written anew from the log.
    """
    log_start_offset, log_end_offset = ends
    manager.remove_stray_snapshots([segment.base_offset for segment in segments])
    if trusted_offset is None and manager.latest_snapshot_offset is None:
        # Closed by a broker that wrote no snapshots: reading it all would make the start slow.
        manager.update_map_end_offset(log_end_offset)
        return
    trusted_offset = log_end_offset if trusted_offset is None else trusted_offset
    for segment in segments:
        try:
            segment.txn_index.sanity_check()
        except CorruptIndexException as reason:
            _logger.warning("%s It is rebuilt.", reason)
            segment.txn_index.reset()
            trusted_offset = min(trusted_offset, segment.base_offset)
    now_ms = time.time_ns() // 1_000_000
    limit = max(log_start_offset, min(log_end_offset, trusted_offset))
    manager.truncate_and_reload(log_start_offset, limit, now_ms)
    start = manager.map_end_offset
    for number, segment in enumerate(segments):
        last = number + 1 == len(segments)
        if not last and segments[number + 1].base_offset <= start:
            continue
        if segment.base_offset > start:
            manager.update_map_end_offset(segment.base_offset)
            manager.take_snapshot()
        _replay(manager, segment, start)
    manager.update_map_end_offset(log_end_offset)
    manager.on_high_watermark_updated(log_end_offset)


def _replay(manager: ProducerStateManager, segment: LogSegment, start: int) -> None:
    segment.txn_index.truncate_to(start)
    for batch, place in _batches_with_producer(segment, start):
        update = ProducerStateUpdate()
        _add(manager, update, batch, place, AppendOrigin.REPLICATION)
        commit_producer_state(manager, update, segment.txn_index, batch.next_offset)


def _batches_with_producer(
    segment: LogSegment, start: int
) -> Iterator[tuple[RecordBatch, LogOffsetMetadata]]:
    found = segment.translate_offset(max(start, segment.base_offset))
    for lazy in segment.log.batches_from(found.position) if found else ():
        batch = lazy.header
        if batch.producer_id < 0:
            continue
        place = LogOffsetMetadata(batch.base_offset, segment.base_offset, lazy.position)
        yield lazy.full_batch if batch.is_control_batch else batch, place


def _add(
    manager: ProducerStateManager,
    update: ProducerStateUpdate,
    batch: RecordBatch,
    place: LogOffsetMetadata,
    origin: AppendOrigin,
) -> None:
    info = update.producers.get(batch.producer_id)
    if info is None:
        info = update.producers[batch.producer_id] = manager.prepare_update(
            batch.producer_id, origin
        )
    completed = info.append(batch, place)
    if completed is not None:
        update.completed.append(completed)
