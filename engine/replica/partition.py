"""One partition, led by this broker, the only replica of it there is.

With no follower to wait for, everything that is in the log is committed: the high watermark is
the log's end. In Kafka ``Partition`` also tracks the in-sync replicas.

System calls: those of ``UnifiedLog``.

Kafka: kafka.cluster.Partition
"""

from engine.common.errors import OffsetOutOfRangeException, PolicyViolationException
from engine.common.topic_partition import TopicPartition
from engine.log.append_origin import AppendOrigin
from engine.log.fetch_data_info import FetchDataInfo
from engine.log.fetch_isolation import FetchIsolation
from engine.log.log_append_info import LogAppendInfo
from engine.log.log_start_offset_increment_reason import LogStartOffsetIncrementReason
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
    def last_stable_offset(self) -> int:
        """The offset before which every transaction is decided."""
        return self.log.last_stable_offset

    @property
    def log_start_offset(self) -> int:
        """The first offset there is."""
        return self.log.log_start_offset

    def append_records_to_leader(
        self, records: MemoryRecords, origin: AppendOrigin = AppendOrigin.CLIENT
    ) -> LogAppendInfo:
        """Append batches; ApiException if they are not acceptable."""
        return self.log.append_as_leader(records, LEADER_EPOCH, origin)

    def delete_records_on_leader(self, offset: int) -> int:
        """Leave out what comes before ``offset``, -1 for the high watermark; the log's new start.

        PolicyViolationException on a topic that is only compacted, OffsetOutOfRangeException
        outside the log.
        """
        if not self.log.config.delete:
            raise PolicyViolationException(
                f"Records of {self.topic_partition} cannot be deleted: its cleanup.policy is "
                "compact; write records without a value for the keys that are to go."
            )
        before = self.high_watermark if offset == -1 else offset
        if before < 0:
            raise OffsetOutOfRangeException(f"There is no offset {offset} to delete before.")
        self.log.maybe_increment_log_start_offset(
            before, LogStartOffsetIncrementReason.CLIENT_RECORD_DELETION
        )
        return self.log_start_offset

    def read_records(
        self,
        fetch_offset: int,
        max_bytes: int,
        *,
        min_one_message: bool,
        isolation: FetchIsolation = FetchIsolation.HIGH_WATERMARK,
    ) -> FetchDataInfo:
        """Batches from ``fetch_offset``; OffsetOutOfRangeException outside the log.

        KafkaStorageException if the log is offline, or now is because the device failed.
        """
        if not self.log_start_offset <= fetch_offset <= self.log.log_end_offset:
            raise OffsetOutOfRangeException(
                f"offset {fetch_offset} of {self.topic_partition} is outside "
                f"{self.log_start_offset} to {self.log.log_end_offset}"
            )
        with self.log.failures.handling("read"):
            return self.log.read(
                fetch_offset, max_bytes, min_one_message=min_one_message, isolation=isolation
            )
