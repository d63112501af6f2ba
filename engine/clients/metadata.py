"""Which partitions a topic has.

System calls: those of one request, repeated while the broker creates the topic.

Kafka: org.apache.kafka.clients.Metadata
"""

import time

from engine.clients.kafka_exception import KafkaException
from engine.clients.network_client import NetworkClient
from engine.common.errors import Errors
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type

RETRY_BACKOFF_S = 0.1
MAX_BLOCK_S = 30.0
# What a broker says while a topic that it has just created comes to life.
_SOON = {Errors.LEADER_NOT_AVAILABLE, Errors.NOT_LEADER_OR_FOLLOWER}


class Metadata:
    """Asks the broker for topics; with ``create`` the question brings a topic into being."""

    def __init__(self, client: NetworkClient, *, create: bool) -> None:
        self._client = client
        self._create = create

    def partitions_for(self, topic: str) -> list[int]:
        """The topic's partitions in order; KafkaException if there is no such topic."""
        deadline = time.monotonic() + MAX_BLOCK_S
        while True:
            error, partitions = self._ask(topic)
            if error is Errors.NONE and partitions:
                return partitions
            if error not in _SOON or time.monotonic() > deadline:
                raise KafkaException(self._refusal(topic, error))
            time.sleep(RETRY_BACKOFF_S)

    def _ask(self, topic: str) -> tuple[Errors, list[int]]:
        request = message_type("MetadataRequest")
        body = self._client.send(
            ApiKeys.METADATA,
            request(
                topics=[request.MetadataRequestTopic(name=topic)],
                allow_auto_topic_creation=self._create,
            ),
        )
        for answer in body.topics:
            if answer.name == topic:
                errors = [answer.error_code, *(p.error_code for p in answer.partitions)]
                worst = next((code for code in errors if code), 0)
                found = sorted(partition.partition_index for partition in answer.partitions)
                return Errors.for_code(worst), found
        return Errors.UNKNOWN_TOPIC_OR_PARTITION, []

    def _refusal(self, topic: str, error: Errors) -> str:
        where = f"The broker at {self._client.address}"
        if error is Errors.UNKNOWN_TOPIC_OR_PARTITION:
            return f"{where} has no topic {topic!r}; create it first, or produce to it."
        if error is Errors.INVALID_TOPIC_EXCEPTION:
            return (
                f"{topic!r} is no valid topic name: letters, digits, '.', '_' and '-', up to 249."
            )
        return f"{where} cannot serve topic {topic!r}: {error.name}."
