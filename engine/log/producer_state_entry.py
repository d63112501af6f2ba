"""What a partition knows of one producer: its epoch, its last batches, its open transaction.

Five batches are remembered because an idempotent producer has at most five requests in flight
(``max.in.flight.requests.per.connection``): an older batch cannot come again.

System calls: none.

Kafka: org.apache.kafka.storage.internals.log.ProducerStateEntry
"""

from collections import deque
from collections.abc import Iterable

from engine.log.batch_metadata import BatchMetadata
from engine.record.record_batch import (
    NO_OFFSET,
    NO_PRODUCER_EPOCH,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    RecordBatch,
)

NUM_BATCHES_TO_RETAIN = 5


class ProducerStateEntry:
    """State of one producer id; without arguments, that of a producer not seen yet."""

    __slots__ = (
        "batch_metadata",
        "coordinator_epoch",
        "current_txn_first_offset",
        "last_timestamp",
        "producer_epoch",
        "producer_id",
    )

    def __init__(
        self,
        producer_id: int,
        producer_epoch: int = NO_PRODUCER_EPOCH,
        coordinator_epoch: int = -1,
        last_timestamp: int = NO_TIMESTAMP,
        current_txn_first_offset: int | None = None,
        *,
        batches: Iterable[BatchMetadata] = (),
    ) -> None:
        self.producer_id = producer_id
        self.producer_epoch = producer_epoch
        self.coordinator_epoch = coordinator_epoch
        self.last_timestamp = last_timestamp
        self.current_txn_first_offset = current_txn_first_offset
        self.batch_metadata = deque(batches, NUM_BATCHES_TO_RETAIN)

    @property
    def is_empty(self) -> bool:
        """Whether no batch of this epoch is remembered."""
        return not self.batch_metadata

    @property
    def first_seq(self) -> int:
        """First sequence number that is remembered, -1 if there is none."""
        return self.batch_metadata[0].first_seq if self.batch_metadata else NO_SEQUENCE

    @property
    def last_seq(self) -> int:
        """Last sequence number appended, -1 if there is none."""
        return self.batch_metadata[-1].last_seq if self.batch_metadata else NO_SEQUENCE

    @property
    def last_data_offset(self) -> int:
        """Offset of the last record, -1 if there is none; markers do not count."""
        return self.batch_metadata[-1].last_offset if self.batch_metadata else NO_OFFSET

    @property
    def last_offset_delta(self) -> int:
        """Offsets from the first to the last record of the last batch."""
        return self.batch_metadata[-1].offset_delta if self.batch_metadata else 0

    def without_batches(self) -> "ProducerStateEntry":
        """A copy that remembers no batch."""
        return ProducerStateEntry(
            self.producer_id,
            self.producer_epoch,
            self.coordinator_epoch,
            self.last_timestamp,
            self.current_txn_first_offset,
        )

    def add_batch(self, producer_epoch: int, batch: BatchMetadata) -> None:
        """Remembers a batch; a new epoch forgets those of the old one."""
        self.maybe_update_producer_epoch(producer_epoch)
        self.batch_metadata.append(batch)
        self.last_timestamp = batch.timestamp

    def end_transaction(
        self, producer_epoch: int, coordinator_epoch: int, last_timestamp: int
    ) -> None:
        """Notes a transaction's marker."""
        self.maybe_update_producer_epoch(producer_epoch)
        self.coordinator_epoch = coordinator_epoch
        self.current_txn_first_offset = None
        self.last_timestamp = last_timestamp

    def update(self, following: "ProducerStateEntry") -> None:
        """Takes over what an append has changed, its batches behind those known."""
        self.maybe_update_producer_epoch(following.producer_epoch)
        self.batch_metadata.extend(following.batch_metadata)
        self.coordinator_epoch = following.coordinator_epoch
        self.current_txn_first_offset = following.current_txn_first_offset
        self.last_timestamp = following.last_timestamp

    def maybe_update_producer_epoch(self, producer_epoch: int) -> None:
        """Begins a new epoch, if it is one."""
        if self.producer_epoch != producer_epoch:
            self.batch_metadata.clear()
            self.producer_epoch = producer_epoch

    def find_duplicate_batch(self, batch: RecordBatch) -> BatchMetadata | None:
        """The remembered batch with the same epoch and sequence numbers, or None."""
        if batch.producer_epoch != self.producer_epoch:
            return None
        wanted = (batch.base_sequence, batch.last_sequence)
        return next((m for m in self.batch_metadata if (m.first_seq, m.last_seq) == wanted), None)
