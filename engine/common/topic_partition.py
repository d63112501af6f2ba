"""A topic's name and a partition's number: the key under which everything is kept.

Kafka: org.apache.kafka.common.TopicPartition
"""

from typing import NamedTuple


class TopicPartition(NamedTuple):
    """One partition of one topic; prints as Kafka's directory name, ``topic-partition``."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"
