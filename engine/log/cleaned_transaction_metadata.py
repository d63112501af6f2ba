"""Which transactions a pass over a log in offset order is in the middle of.

A batch of an aborted transaction can be dropped, and must not count as a newer value of its keys.
A marker can be dropped once no batch of its transaction is left.

System calls: those of the new segment's transaction index.

Kafka: kafka.log.CleanedTransactionMetadata
"""

from collections.abc import Iterable

from engine.log.aborted_txn import AbortedTxn
from engine.log.transaction_index import TransactionIndex
from engine.record.control_record_type import ControlRecordType
from engine.record.record_batch import RecordBatch


class CleanedTransactionMetadata:
    """Feed it every batch once, in order; ``cleaned_index`` gets the aborted ones that stay."""

    def __init__(self) -> None:
        self.cleaned_index: TransactionIndex | None = None
        self._announced: set[AbortedTxn] = set()
        self._aborted: dict[int, AbortedTxn] = {}
        self._seen: set[int] = set()
        self._committed: set[int] = set()

    def add_aborted_transactions(self, aborted: Iterable[AbortedTxn]) -> None:
        """Announces the aborted transactions of what is read next; known ones do not matter."""
        self._announced.update(aborted)

    def on_batch_read(self, batch: RecordBatch) -> bool:
        """Whether a data batch belongs to an aborted transaction."""
        self._consume_up_to(batch.last_offset)
        if not batch.is_transactional:
            return False
        if batch.producer_id in self._aborted:
            self._seen.add(batch.producer_id)
            return True
        self._committed.add(batch.producer_id)
        return False

    def on_control_batch_read(self, batch: RecordBatch) -> bool:
        """Whether a marker can go, as nothing of its transaction was read before it."""
        self._consume_up_to(batch.last_offset)
        record = next(batch.iterator(), None)
        if record is None:
            return True
        kind = ControlRecordType.parse(record.key)
        if kind is ControlRecordType.COMMIT:
            found = batch.producer_id in self._committed
            self._committed.discard(batch.producer_id)
            return not found
        return kind is ControlRecordType.ABORT and self._on_abort(batch.producer_id)

    def _on_abort(self, producer_id: int) -> bool:
        aborted = self._aborted.pop(producer_id, None)
        if aborted is None or producer_id not in self._seen:
            return True
        self._seen.discard(producer_id)
        if self.cleaned_index is not None:
            self.cleaned_index.append(aborted)
        return False

    def _consume_up_to(self, offset: int) -> None:
        due = [aborted for aborted in self._announced if aborted.first_offset <= offset]
        for aborted in sorted(due, key=lambda each: each.first_offset):
            self._announced.discard(aborted)
            if aborted.last_offset >= offset:
                self._aborted.setdefault(aborted.producer_id, aborted)
