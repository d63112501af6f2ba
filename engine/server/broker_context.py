"""What the request handlers work with: the parts of the broker that answer requests.

System calls: none.

Kafka: none, because KafkaApis takes the same parts as constructor parameters
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.coordinator.group_coordinator import GroupCoordinator
from engine.coordinator.producer_id_manager import ProducerIdManager
from engine.replica.replica_manager import ReplicaManager
from engine.server.kafka_config import KafkaConfig
from engine.server.node import Node
from engine.server.topic_manager import TopicManager

# Called once with the response's body; None: the request gets no answer (acks=0).
Respond = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class BrokerContext:
    """The broker as a handler sees it."""

    config: KafkaConfig
    node: Node
    cluster_id: str
    topics: TopicManager
    replica_manager: ReplicaManager
    group_coordinator: GroupCoordinator
    producer_ids: ProducerIdManager
