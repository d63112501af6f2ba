"""What reading one partition for a fetch gave.

System calls: none.

Kafka: kafka.server.LogReadResult
"""

from dataclasses import dataclass

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.log.aborted_txn import AbortedTxn
from engine.log.fetch_isolation import FetchIsolation
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords


@dataclass(frozen=True, slots=True)
class PartitionFetch:
    """What a fetch asks of one partition: from which offset, and how many bytes at most."""

    partition: TopicPartition
    fetch_offset: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class FetchParams:
    """What a fetch asks as a whole; times in milliseconds, sizes in bytes."""

    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    isolation: FetchIsolation = FetchIsolation.HIGH_WATERMARK


@dataclass(frozen=True, slots=True)
class LogReadResult:
    """A partition's records (a slice of its segment, by reference), or an error.

    ``aborted_transactions`` is None unless only committed records were asked for.
    """

    records: FileRecords | MemoryRecords
    high_watermark: int
    log_start_offset: int
    error: Errors = Errors.NONE
    last_stable_offset: int = -1
    aborted_transactions: tuple[AbortedTxn, ...] | None = None

    @property
    def size(self) -> int:
        """Bytes of the records."""
        return self.records.size_in_bytes()
