"""Metadata: which topics there are and where their partitions lie; makes missing topics if allowed.

System calls: those of making a topic.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import ApiException, Errors, TopicExistsException
from engine.coordinator.group_metadata_manager import GROUP_METADATA_TOPIC
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond
from engine.server.topic_manager import validate_name


def handle_metadata_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Describe the topics asked for, or all of them."""
    body = request.body
    # Before version 1 there was no null: an empty list meant all topics.
    everything = body.topics is None or (request.header.api_version == 0 and not body.topics)
    if everything:
        names = sorted(context.topics.partition_counts())
    else:
        names = [topic.name for topic in body.topics]
    may_create = not everything and body.allow_auto_topic_creation
    response = message_type("MetadataResponse")
    node = context.node
    respond(
        response(
            brokers=[
                response.MetadataResponseBroker(node_id=node.id, host=node.host, port=node.port)
            ],
            cluster_id=context.cluster_id,
            controller_id=node.id,
            topics=[_topic(context, response, name, may_create=may_create) for name in names],
        )
    )


def _topic(context: BrokerContext, response: Any, name: str, *, may_create: bool) -> Any:
    error = _ensure_exists(context, name, may_create=may_create)
    count = context.topics.partition_count(name) or 0
    node_id = context.node.id
    return response.MetadataResponseTopic(
        error_code=error,
        name=name,
        is_internal=name == GROUP_METADATA_TOPIC,
        partitions=[
            response.MetadataResponsePartition(
                partition_index=index,
                leader_id=node_id,
                leader_epoch=0,
                replica_nodes=[node_id],
                isr_nodes=[node_id],
            )
            for index in range(count)
        ],
    )


def _ensure_exists(context: BrokerContext, name: str, *, may_create: bool) -> Errors:
    if context.topics.partition_count(name) is not None:
        return Errors.NONE
    try:
        validate_name(name)
        if not (may_create and context.config.boolean("auto.create.topics.enable")):
            return Errors.UNKNOWN_TOPIC_OR_PARTITION
        context.topics.create(name, context.config.integer("num.partitions"), {})
    except TopicExistsException:
        return Errors.NONE  # another handler was quicker
    except ApiException as refusal:
        return Errors.for_exception(refusal)
    return Errors.NONE
