"""Decides what of a batch stays when its log is compacted.

==========================  ====================================================================
a record                    stays if no later one of the dirty part has its key, and it has a value
                            or its batch's delete horizon is still to come
a data batch                of an aborted transaction goes
a marker                    goes at its delete horizon, once nothing of its transaction is left
an empty batch              stays if it is the last of an active producer: its sequence number counts
==========================  ====================================================================

System calls: none.

Kafka: kafka.log.Cleaner
"""

from engine.log.cleaned_transaction_metadata import CleanedTransactionMetadata
from engine.log.cleaner_stats import CleanerStats
from engine.log.log_segment import LogSegment
from engine.log.skimpy_offset_map import SkimpyOffsetMap
from engine.log.transaction_reads import collect_aborted_transactions
from engine.log.unified_log import UnifiedLog
from engine.record.default_record import DefaultRecord
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.record_batch import NO_PRODUCER_ID, RecordBatch
from engine.record.record_filter import filter_batch


class BatchFilter:
    """Feed it the batches of a log in order; ``begin`` before each segment."""

    def __init__(
        self,
        log: UnifiedLog,
        offset_map: SkimpyOffsetMap,
        transactions: CleanedTransactionMetadata,
        now_ms: int,
    ) -> None:
        self.topic_partition = log.topic_partition
        self.transactions = transactions
        self._log = log
        self._map = offset_map
        self._now_ms = now_ms
        self._retain_legacy_deletes = True
        self._producers = dict(log.producer_state_manager.active_producers)

    def begin(self, segment: LogSegment, legacy_horizon: int) -> None:
        """Takes the segment's transactions into account.

        Before magic 2 a batch has no delete horizon; there the age of the file counts.
        """
        self._retain_legacy_deletes = segment.last_modified > legacy_horizon
        later = [s for s in self._log.segments if s.base_offset >= segment.base_offset]
        end = later[1].base_offset if len(later) > 1 else segment.read_next_offset()
        aborted = collect_aborted_transactions(later, segment.base_offset, end)
        self.transactions.add_aborted_transactions(aborted)

    def filter(self, batch: RecordBatch, stats: CleanerStats) -> RecordBatch | None:
        """The batch, or another with fewer records, or None if nothing of it stays."""
        marker_of_nothing = False
        if batch.is_control_batch:
            marker_of_nothing = self.transactions.on_control_batch_read(batch)
            horizon = batch.delete_horizon_ms
            drop = marker_of_nothing and horizon is not None and horizon <= self._now_ms
        else:
            drop = self.transactions.on_batch_read(batch)
        records = list(batch)
        retained = [] if drop else [r for r in records if self._should_retain(batch, r)]
        stats.messages_read += len(records)
        if not isinstance(batch, DefaultRecordBatch):
            # A wrapper of magic 0 or 1 stays whole if anything in it does.
            stats.messages_kept += len(records) if retained else 0
            return batch if retained else None
        stats.messages_kept += len(retained)
        if not retained:
            if not self._is_last_of_producer(batch):
                return None
            return batch if not records else DefaultRecordBatch(filter_batch(batch, ()))
        horizon_due = marker_of_nothing or any(
            record.value is None and not batch.is_control_batch for record in retained
        )
        horizon_due = horizon_due and batch.delete_horizon_ms is None
        if len(retained) == len(records) and not horizon_due:
            return batch
        horizon = self._now_ms + self._log.config.delete_retention_ms if horizon_due else None
        return DefaultRecordBatch(filter_batch(batch, retained, horizon))

    def _should_retain(self, batch: RecordBatch, record: DefaultRecord) -> bool:
        if batch.is_control_batch or record.offset > self._map.latest_offset:
            return True
        if record.key is None:
            return False
        if record.offset < self._map.get(record.key):
            return False
        if record.value is not None:
            return True
        if not isinstance(batch, DefaultRecordBatch):
            return self._retain_legacy_deletes
        return batch.delete_horizon_ms is None or self._now_ms < batch.delete_horizon_ms

    def _is_last_of_producer(self, batch: DefaultRecordBatch) -> bool:
        if batch.producer_id == NO_PRODUCER_ID:
            return False
        last = self._producers.get(batch.producer_id)
        if last is None:
            return False
        if last.last_data_offset >= 0:
            return batch.last_offset == last.last_data_offset
        return batch.is_control_batch and batch.producer_epoch == last.producer_epoch
