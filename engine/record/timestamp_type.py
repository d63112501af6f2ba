"""Who set a record's timestamp; bit 3 of a batch's attributes.

Kafka: org.apache.kafka.common.record.TimestampType
"""

from enum import Enum


class TimestampType(Enum):
    """Kafka's names, as in ``message.timestamp.type`` and in dumps."""

    NO_TIMESTAMP_TYPE = "NoTimestampType"
    CREATE_TIME = "CreateTime"
    LOG_APPEND_TIME = "LogAppendTime"

    def __str__(self) -> str:
        return self.value
