"""One producer's part of an append: checked here, taken over when the bytes are in the log.

System calls: none.

Kafka: org.apache.kafka.storage.internals.log.ProducerAppendInfo
"""

from engine.common.errors import (
    InvalidProducerEpochException,
    InvalidTxnStateException,
    OutOfOrderSequenceException,
    TransactionCoordinatorFencedException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.append_origin import AppendOrigin
from engine.log.batch_metadata import BatchMetadata
from engine.log.completed_txn import CompletedTxn
from engine.log.fetch_data_info import LogOffsetMetadata
from engine.log.producer_state_entry import ProducerStateEntry
from engine.log.txn_metadata import TxnMetadata
from engine.record.end_transaction_marker import EndTransactionMarker
from engine.record.record_batch import NO_PRODUCER_EPOCH, NO_SEQUENCE, RecordBatch

_MAX_SEQUENCE = 2**31 - 1


class ProducerAppendInfo:
    """``updated_entry`` is what the state will be; the entry it began with is left alone."""

    def __init__(
        self,
        topic_partition: TopicPartition,
        current_entry: ProducerStateEntry,
        origin: AppendOrigin,
    ) -> None:
        self.producer_id = current_entry.producer_id
        self.updated_entry = current_entry.without_batches()
        self.started_transactions: list[TxnMetadata] = []
        self._topic_partition = topic_partition
        self._current = current_entry
        self._origin = origin

    def append(self, batch: RecordBatch, first_offset: LogOffsetMetadata) -> CompletedTxn | None:
        """Adds a batch whose offsets are assigned; the transaction that its marker ends, if any.

        An ApiException says what does not fit: OUT_OF_ORDER_SEQUENCE_NUMBER,
        INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED.
        """
        if not batch.is_control_batch:
            self._append_data_batch(batch, first_offset)
            return None
        record = next(iter(batch), None)
        if record is None:
            return None
        marker = EndTransactionMarker.deserialize(record)
        return self._append_end_txn_marker(marker, batch, record.timestamp)

    def _append_data_batch(self, batch: RecordBatch, first_offset: LogOffsetMetadata) -> None:
        epoch, offset = batch.producer_epoch, first_offset.message_offset
        self._check_producer_epoch(epoch, offset)
        if self._origin is AppendOrigin.CLIENT:
            self._check_sequence(epoch, batch.base_sequence, offset)
        delta = batch.last_offset - offset
        entry = self.updated_entry
        entry.add_batch(
            epoch, BatchMetadata(batch.last_sequence, batch.last_offset, delta, batch.max_timestamp)
        )
        is_new = self._origin is not AppendOrigin.REPLICATION
        if is_new and entry.current_txn_first_offset is not None and not batch.is_transactional:
            # What stands in the log already must not keep a broker from starting.
            raise InvalidTxnStateException(
                f"Producer {self.producer_id} has an open transaction in {self._topic_partition} "
                f"and sends a batch outside of it at offset {offset}."
            )
        if entry.current_txn_first_offset is None and batch.is_transactional:
            entry.current_txn_first_offset = offset
            self.started_transactions.append(TxnMetadata(self.producer_id, first_offset))

    def _append_end_txn_marker(
        self, marker: EndTransactionMarker, batch: RecordBatch, timestamp: int
    ) -> CompletedTxn | None:
        entry, offset = self.updated_entry, batch.base_offset
        self._check_producer_epoch(batch.producer_epoch, offset)
        if (
            marker.coordinator_epoch < entry.coordinator_epoch
            and self._origin is not AppendOrigin.REPLICATION
        ):
            raise TransactionCoordinatorFencedException(
                f"A marker for producer {self.producer_id} in {self._topic_partition} comes from "
                f"coordinator epoch {marker.coordinator_epoch}; {entry.coordinator_epoch} has "
                "written since."
            )
        first = entry.current_txn_first_offset
        entry.end_transaction(batch.producer_epoch, marker.coordinator_epoch, timestamp)
        if first is None:
            return None
        aborted = marker.control_type.name == "ABORT"
        return CompletedTxn(self.producer_id, first, offset, aborted)

    def _check_producer_epoch(self, epoch: int, offset: int) -> None:
        known = self.updated_entry.producer_epoch
        if epoch < known and self._origin is not AppendOrigin.REPLICATION:
            raise InvalidProducerEpochException(
                f"Producer {self.producer_id} sends epoch {epoch} at offset {offset} in "
                f"{self._topic_partition}; epoch {known} has written since."
            )

    def _check_sequence(self, epoch: int, first_seq: int, offset: int) -> None:
        known = self.updated_entry.producer_epoch
        # A producer that is not known (expired, or its batches are deleted) may go on with any
        # number. Kafka has not answered UNKNOWN_PRODUCER_ID here since KIP-360.
        if known == NO_PRODUCER_EPOCH:
            return
        last_seq = self._last_seq(epoch) if epoch == known else NO_SEQUENCE
        due = 0 if epoch != known or last_seq == _MAX_SEQUENCE else last_seq + 1
        if first_seq != due:
            raise OutOfOrderSequenceException(
                f"Producer {self.producer_id}, epoch {epoch}, sends sequence number {first_seq} at "
                f"offset {offset} in {self._topic_partition}; {due} is due."
            )

    def _last_seq(self, epoch: int) -> int:
        if not self.updated_entry.is_empty:
            return self.updated_entry.last_seq
        return self._current.last_seq if epoch == self._current.producer_epoch else NO_SEQUENCE
