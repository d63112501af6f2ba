"""Which topics there are, and how they come and go.

The data directory is the register: a topic exists if directories ``topic-0``, ``topic-1`` ... do.
Its own configuration stands beside them (``TopicConfigs``).

System calls: those of ``LogManager``.

Kafka: kafka.server.ZkAdminManager
"""

import contextlib
import re
import threading
from collections.abc import Mapping

from engine.common.errors import (
    InvalidPartitionsException,
    InvalidReplicationFactorException,
    InvalidTopicException,
    TopicExistsException,
    UnknownTopicOrPartitionException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.log_manager import LogManager
from engine.server.topic_configs import TopicConfigs

_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
# Each partition has two preallocated indexes of 10 MiB; a typing error must not fill the disk.
_MAX_PARTITIONS = 1000


class TopicManager:
    """Topics by name; safe to call from any handler."""

    def __init__(self, log_manager: LogManager, configs: TopicConfigs) -> None:
        self._log_manager = log_manager
        self.configs = configs
        self._lock = threading.Lock()
        self._partition_counts: dict[str, int] = {}
        for log in log_manager.all_logs():
            topic, partition = log.topic_partition
            count = self._partition_counts.get(topic, 0)
            self._partition_counts[topic] = max(count, partition + 1)
            log.update_config(configs.log_config(configs.properties(topic)))

    def partition_counts(self) -> Mapping[str, int]:
        """Every topic and its number of partitions."""
        with self._lock:
            return dict(self._partition_counts)

    def partition_count(self, topic: str) -> int | None:
        """How many partitions a topic has, None if it does not exist."""
        return self._partition_counts.get(topic)

    def create(
        self, topic: str, partitions: int, properties: Mapping[str, str], *, replicas: int = 1
    ) -> None:
        """Make a topic; ApiException says why not."""
        validate_name(topic)
        if not 1 <= partitions <= _MAX_PARTITIONS:
            raise InvalidPartitionsException(
                f"a topic has 1 to {_MAX_PARTITIONS} partitions, not {partitions}"
            )
        if replicas not in {-1, 1}:
            raise InvalidReplicationFactorException(
                f"replication factor {replicas} is larger than the number of brokers, which is 1"
            )
        log_config = self.configs.log_config(properties)
        with self._lock:
            if topic in self._partition_counts:
                raise TopicExistsException(f"topic '{topic}' already exists")
            self.configs.store(topic, properties)
            for partition in range(partitions):
                self._log_manager.get_or_create_log(TopicPartition(topic, partition), log_config)
            self._partition_counts[topic] = partitions

    def ensure(self, topic: str, partitions: int, properties: Mapping[str, str]) -> int:
        """The number of partitions of a topic, which is made first if it does not exist."""
        if (present := self.partition_count(topic)) is not None:
            return present
        with contextlib.suppress(TopicExistsException):
            self.create(topic, partitions, properties)
        return self._partition_counts[topic]

    def complete_properties(self, topic: str, properties: Mapping[str, str]) -> None:
        """Set what a topic, if it exists, has not set itself."""
        with self._lock:
            own = self.configs.properties(topic)
            if topic not in self._partition_counts or not properties.keys() - own.keys():
                return
            self.configs.store(topic, {**properties, **own})
            log_config = self.configs.log_config(self.configs.properties(topic))
            for log in self._log_manager.all_logs():
                if log.topic_partition.topic == topic:
                    log.update_config(log_config)

    def add_partitions(self, topic: str, count: int) -> None:
        """Enlarge a topic to ``count`` partitions; ApiException says why not."""
        with self._lock:
            present = self._partition_counts.get(topic)
            if present is None:
                raise UnknownTopicOrPartitionException(f"there is no topic '{topic}'")
            if not present < count <= _MAX_PARTITIONS:
                raise InvalidPartitionsException(
                    f"topic '{topic}' has {present} partitions; {count} is not an enlargement"
                )
            log_config = self.configs.log_config(self.configs.properties(topic))
            for partition in range(present, count):
                self._log_manager.get_or_create_log(TopicPartition(topic, partition), log_config)
            self._partition_counts[topic] = count

    def delete(self, topic: str) -> int:
        """Remove a topic and its files; return how many partitions it had. ApiException if unknown."""
        with self._lock:
            partitions = self._partition_counts.pop(topic, None)
            if partitions is None:
                raise UnknownTopicOrPartitionException(f"there is no topic '{topic}'")
            for partition in range(partitions):
                self._log_manager.delete_log(TopicPartition(topic, partition))
            self.configs.forget(topic)
        return partitions


def validate_name(topic: str) -> None:
    """InvalidTopicException unless Kafka would take the name."""
    if topic in {".", ".."} or not _LEGAL_NAME.fullmatch(topic):
        raise InvalidTopicException(
            f"topic name {topic!r} is invalid: 1 to 249 letters, digits, '.', '_' and '-' are allowed"
        )
