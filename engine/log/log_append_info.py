"""What an append found out about the batches it was given.

Kafka: org.apache.kafka.storage.internals.log.LogAppendInfo
"""

from dataclasses import dataclass, field

from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.record_batch import NO_OFFSET, NO_TIMESTAMP


@dataclass(slots=True)
class LogAppendInfo:
    """Offsets are absolute once appended; times are milliseconds, sizes bytes.

    ``log_append_time`` is -1 where the producer set the timestamps.
    """

    batches: list[DefaultRecordBatch] = field(default_factory=list)
    first_offset: int = NO_OFFSET
    last_offset: int = NO_OFFSET
    max_timestamp: int = NO_TIMESTAMP
    offset_of_max_timestamp: int = NO_OFFSET
    log_append_time: int = NO_TIMESTAMP
    log_start_offset: int = NO_OFFSET
    num_messages: int = 0
    valid_bytes: int = 0
