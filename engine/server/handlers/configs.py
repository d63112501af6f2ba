"""DescribeConfigs: the properties of the broker and of a topic, and where each value comes from.

System calls: none.

Kafka: kafka.server.ConfigHelper
"""

from typing import Any

from engine.common.errors import Errors
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond

_TOPIC, _BROKER = 2, 4
_DYNAMIC_TOPIC_CONFIG, _STATIC_BROKER_CONFIG, _DEFAULT_CONFIG = 1, 4, 5


def handle_describe_configs_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Describe each resource asked for."""
    response = message_type("DescribeConfigsResponse")
    respond(
        response(
            results=[_describe(context, response, resource) for resource in request.body.resources]
        )
    )


def _describe(context: BrokerContext, response: Any, resource: Any) -> Any:
    result = response.DescribeConfigsResult(
        resource_type=resource.resource_type, resource_name=resource.resource_name
    )
    name = resource.resource_name
    if resource.resource_type == _BROKER and name == str(context.node.id):
        rows = _broker_rows(context)
    elif resource.resource_type == _TOPIC and context.topics.partition_count(name) is not None:
        rows = _topic_rows(context, name)
    elif resource.resource_type == _TOPIC:
        result.error_code = Errors.UNKNOWN_TOPIC_OR_PARTITION
        return result
    else:
        result.error_code = Errors.INVALID_REQUEST
        result.error_message = "only topics and this broker have a configuration here"
        return result
    wanted = resource.configuration_keys
    result.configs = [_row(response, *row) for row in rows if wanted is None or row[0] in wanted]
    return result


def _broker_rows(context: BrokerContext) -> list[tuple[str, str, int]]:
    given = context.config.given
    return [
        (name, text, _STATIC_BROKER_CONFIG if name in given else _DEFAULT_CONFIG)
        for name, text in context.config.texts().items()
    ]


def _topic_rows(context: BrokerContext, topic: str) -> list[tuple[str, str, int]]:
    own = context.topics.configs.properties(topic)
    acting = context.topics.configs.log_config(own).to_topic_properties()
    return [
        (name, text, _DYNAMIC_TOPIC_CONFIG if name in own else _DEFAULT_CONFIG)
        for name, text in acting.items()
    ]


def _row(response: Any, name: str, value: str, source: int) -> Any:
    return response.DescribeConfigsResourceResult(
        name=name,
        value=value,
        read_only=True,
        config_source=source,
        is_default=source == _DEFAULT_CONFIG,
    )
