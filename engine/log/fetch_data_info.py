"""What a read found: a slice of a segment's file, by reference.

Kafka: org.apache.kafka.storage.internals.log.FetchDataInfo
"""

from typing import NamedTuple

from engine.log.aborted_txn import AbortedTxn
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords


class LogOffsetMetadata(NamedTuple):
    """An offset, and where it stands: the segment's base offset and a position in bytes."""

    message_offset: int
    segment_base_offset: int = -1
    relative_position_in_segment: int = -1


class FetchDataInfo(NamedTuple):
    """``records`` is MemoryRecords.EMPTY where there is nothing to send.

    ``first_entry_incomplete``: the slice ends inside its first batch. ``aborted_transactions``: those
    that overlap the slice, None unless only committed records are asked for.
    """

    fetch_offset_metadata: LogOffsetMetadata
    records: FileRecords | MemoryRecords
    first_entry_incomplete: bool = False
    aborted_transactions: tuple[AbortedTxn, ...] | None = None
