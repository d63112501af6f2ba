"""One partition, led by this broker, the only replica of it there is.

With no follower to wait for, everything that is in the log is committed: the high watermark is
the log's end. In Kafka ``Partition`` also tracks the in-sync replicas.

System calls: those of ``UnifiedLog``.

Kafka: kafka.cluster.Partition
"""

from engine.common.errors import OffsetOutOfRangeException
from engine.common.topic_partition import TopicPartition
from engine.log.fetch_data_info import FetchDataInfo
from engine.log.log_append_info import LogAppendInfo
from engine.log.unified_log import UnifiedLog
from engine.record.memory_records import MemoryRecords

LEADER_EPOCH = 0


class Partition:
    """A partition's log, by the verbs of a leader."""

    def __init__(self, topic_partition: TopicPartition, log: UnifiedLog) -> None:
        self.topic_partition = topic_partition
        self.log = log

    @property
    def high_watermark(self) -> int:
        """The offset before which consumers may read."""
        return self.log.high_watermark

    @property
    def log_start_offset(self) -> int:
        """The first offset there is."""
        return self.log.log_start_offset

    def append_records_to_leader(self, records: MemoryRecords) -> LogAppendInfo:
        """Append batches; ApiException if they are not acceptable."""
        return self.log.append_as_leader(records, LEADER_EPOCH)

    def read_records(
        self, fetch_offset: int, max_bytes: int, *, min_one_message: bool
    ) -> FetchDataInfo:
        """Batches from ``fetch_offset``; OffsetOutOfRangeException outside the log."""
        if not self.log_start_offset <= fetch_offset <= self.log.log_end_offset:
            raise OffsetOutOfRangeException(
                f"offset {fetch_offset} of {self.topic_partition} is outside "
                f"{self.log_start_offset} to {self.log.log_end_offset}"
            )
        return self.log.read(fetch_offset, max_bytes, min_one_message=min_one_message)
