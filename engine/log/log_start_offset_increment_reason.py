"""Why records at a log's beginning are no longer part of it.

Kafka: org.apache.kafka.storage.internals.log.LogStartOffsetIncrementReason
"""

from enum import Enum


class LogStartOffsetIncrementReason(Enum):
    """The reasons that occur with one replica; the value is how Kafka's log line calls it."""

    SEGMENT_DELETION = "segment deletion"
    CLIENT_RECORD_DELETION = "client delete records request"
