"""Batches of idempotent and transactional producers, and the markers that end transactions."""

import time

from engine.log.append_origin import AppendOrigin
from engine.log.log_append_info import LogAppendInfo
from engine.log.unified_log import UnifiedLog
from engine.record.control_record_type import ControlRecordType
from engine.record.end_transaction_marker import EndTransactionMarker
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder, ProducerState

PID = 4000


def now_ms() -> int:
    """The clock, in milliseconds: an old timestamp would make a producer expire."""
    return time.time_ns() // 1_000_000


def numbered(
    sequence: int,
    count: int = 1,
    *,
    pid: int = PID,
    epoch: int = 0,
    timestamp: int | None = None,
    transactional: bool = False,
) -> MemoryRecords:
    """A batch whose first record has this sequence number."""
    producer = ProducerState(pid, epoch, sequence, is_transactional=transactional)
    builder = MemoryRecordsBuilder(producer=producer)
    for index in range(count):
        at = now_ms() if timestamp is None else timestamp
        builder.append(at, None, b"value %d" % ((sequence + index) % 2**31))
    return builder.build()


def end_transaction(
    log: UnifiedLog,
    *,
    commit: bool,
    pid: int = PID,
    epoch: int = 0,
    coordinator_epoch: int = 0,
) -> LogAppendInfo:
    """Appends the marker, as the coordinator will."""
    kind = ControlRecordType.COMMIT if commit else ControlRecordType.ABORT
    marker = EndTransactionMarker(kind, coordinator_epoch).to_records(pid, epoch, now_ms())
    return log.append_as_leader(marker, origin=AppendOrigin.COORDINATOR)
