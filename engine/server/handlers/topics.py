"""CreateTopics, DeleteTopics and CreatePartitions.

System calls: those of making and removing logs.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import (
    ApiException,
    Errors,
    InvalidRequestException,
    PolicyViolationException,
    TopicExistsException,
)
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata_manager import GROUP_METADATA_TOPIC
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond
from engine.server.topic_manager import validate_name


def handle_create_topics_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Make topics; each has its own error."""
    response = message_type("CreateTopicsResponse")
    results = []
    for topic in request.body.topics:
        result = response.CreatableTopicResult(name=topic.name, error_message=None, configs=[])
        try:
            _create(context, topic, validate_only=request.body.validate_only)
        except ApiException as refusal:
            result.error_code = Errors.for_exception(refusal)
            result.error_message = str(refusal)
        results.append(result)
    respond(response(topics=results))


def _create(context: BrokerContext, topic: Any, *, validate_only: bool) -> None:
    partitions, replicas = topic.num_partitions, topic.replication_factor
    if topic.assignments:
        if partitions != -1 or replicas != -1:
            raise InvalidRequestException("both a number of partitions and assignments are given")
        partitions, replicas = _assigned(context, topic.assignments)
    if partitions == -1:
        partitions = context.config.integer("num.partitions")
    properties = {each.name: each.value for each in topic.configs if each.value is not None}
    if validate_only:
        validate_name(topic.name)
        context.topics.configs.log_config(properties)
        if context.topics.partition_count(topic.name) is not None:
            raise TopicExistsException(f"topic '{topic.name}' already exists")
        return
    context.topics.create(topic.name, partitions, properties, replicas=replicas)
    for index in range(partitions):
        context.replica_manager.complete_fetches_of(TopicPartition(topic.name, index))


def _assigned(context: BrokerContext, assignments: list[Any]) -> tuple[int, int]:
    """Partitions and replicas of an assignment by hand, which here can only name this broker."""
    indexes = sorted(each.partition_index for each in assignments)
    only_here = all(list(each.broker_ids) == [context.node.id] for each in assignments)
    if indexes != list(range(len(indexes))) or not only_here:
        raise InvalidRequestException(
            f"partitions must count from 0 and lie on broker {context.node.id}, the only one"
        )
    return len(indexes), 1


def handle_delete_topics_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Remove topics; each has its own error."""
    response = message_type("DeleteTopicsResponse")
    results = []
    for name in request.body.topic_names:
        result = response.DeletableTopicResult(name=name)
        try:
            _delete(context, name)
        except ApiException as refusal:
            result.error_code = Errors.for_exception(refusal)
            result.error_message = str(refusal)
        results.append(result)
    respond(response(responses=results))


def _delete(context: BrokerContext, name: str) -> None:
    if name == GROUP_METADATA_TOPIC or not context.config.boolean("delete.topic.enable"):
        raise PolicyViolationException(f"topic '{name}' may not be deleted")
    for index in range(context.topics.delete(name)):
        context.replica_manager.complete_fetches_of(TopicPartition(name, index))


def handle_create_partitions_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Enlarge topics; each has its own error."""
    response = message_type("CreatePartitionsResponse")
    results = []
    for topic in request.body.topics:
        result = response.CreatePartitionsTopicResult(name=topic.name)
        try:
            if not request.body.validate_only:
                context.topics.add_partitions(topic.name, topic.count)
        except ApiException as refusal:
            result.error_code = Errors.for_exception(refusal)
            result.error_message = str(refusal)
        results.append(result)
    respond(response(results=results))
