"""The command ``python -m engine topics``: topics by way of the protocol, as any client would.

System calls: those of ``NetworkClient``.

Kafka: org.apache.kafka.tools.TopicCommand
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from engine.clients.command_arguments import address, positive
from engine.clients.kafka_exception import KafkaException
from engine.clients.network_client import NetworkClient
from engine.common.errors import Errors
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type

_TIMEOUT_MS = 30_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "example: python -m engine topics --bootstrap-server 127.0.0.1:9092 "
        "--create --topic lines --partitions 3"
    )
    parser.add_argument(
        "--bootstrap-server", type=address, required=True, metavar="HOST:PORT", help="the broker"
    )
    actions = parser.add_mutually_exclusive_group(required=True)
    for action in _ACTIONS:
        actions.add_argument(
            f"--{action}",
            dest="action",
            action="store_const",
            const=action,
            help=f"{action} topics",
        )
    parser.add_argument("--topic", help="the topic's name")
    parser.add_argument(
        "--partitions", type=positive, help="of a new topic (default: the broker's)"
    )
    parser.add_argument("--replication-factor", type=positive, default=1, help="only 1 is possible")
    parser.add_argument(
        "--config", action="append", default=[], metavar="NAME=VALUE", help="of a new topic"
    )


def run(args: argparse.Namespace) -> int:
    """Do it; 1 after one sentence if the broker refuses or is not there, 2 for misuse."""
    if args.topic is None and args.action in {"create", "delete"}:
        sys.stderr.write(f"topics: --{args.action} needs --topic NAME\n")
        return 2
    if wrong := [text for text in args.config if "=" not in text]:
        sys.stderr.write(f"topics: --config {wrong[0]} is not of the form name=value\n")
        return 2
    try:
        with NetworkClient(args.bootstrap_server, "kafkascope-topics") as client:
            for line in _ACTIONS[args.action](client, args):
                sys.stdout.write(f"{line}\n")
    except KafkaException as refusal:
        sys.stderr.write(f"topics: {refusal}\n")
        return 1
    return 0


def _list(client: NetworkClient, args: argparse.Namespace) -> Iterator[str]:
    for topic in _metadata(client, args.topic):
        yield topic.name


def _describe(client: NetworkClient, args: argparse.Namespace) -> Iterator[str]:
    for topic in _metadata(client, args.topic):
        yield f"Topic: {topic.name}\tPartitionCount: {len(topic.partitions)}\tReplicationFactor: 1"
        for each in topic.partitions:
            replicas = ",".join(map(str, each.replica_nodes))
            in_sync = ",".join(map(str, each.isr_nodes))
            yield (
                f"\tTopic: {topic.name}\tPartition: {each.partition_index}"
                f"\tLeader: {each.leader_id}\tReplicas: {replicas}\tIsr: {in_sync}"
            )


def _create(client: NetworkClient, args: argparse.Namespace) -> Iterator[str]:
    request = message_type("CreateTopicsRequest")
    settings = (text.partition("=") for text in args.config)
    topic = request.CreatableTopic(
        name=args.topic,
        num_partitions=args.partitions or -1,
        replication_factor=args.replication_factor,
        configs=[
            request.CreatableTopicConfig(name=name, value=value) for name, _, value in settings
        ],
    )
    answer = client.send(ApiKeys.CREATE_TOPICS, request(topics=[topic], timeout_ms=_TIMEOUT_MS))
    _check(answer.topics[0].error_code, answer.topics[0].error_message or args.topic)
    yield f"Created topic {args.topic}."


def _delete(client: NetworkClient, args: argparse.Namespace) -> Iterator[str]:
    request = message_type("DeleteTopicsRequest")
    answer = client.send(
        ApiKeys.DELETE_TOPICS, request(topic_names=[args.topic], timeout_ms=_TIMEOUT_MS)
    )
    _check(answer.responses[0].error_code, f"topic '{args.topic}' was not deleted")
    yield f"Deleted topic {args.topic}."


def _metadata(client: NetworkClient, name: str | None) -> list[Any]:
    request = message_type("MetadataRequest")
    wanted = None if name is None else [request.MetadataRequestTopic(name=name)]
    answer = client.send(ApiKeys.METADATA, request(topics=wanted, allow_auto_topic_creation=False))
    for topic in answer.topics:
        _check(topic.error_code, f"there is no topic '{topic.name}'")
    return list(answer.topics)


def _check(code: int, message: str) -> None:
    error = Errors.for_code(code)
    if error is not Errors.NONE:
        raise KafkaException(f"{message} ({error.name})")


_ACTIONS: Mapping[str, Callable[[NetworkClient, argparse.Namespace], Iterator[str]]] = (
    MappingProxyType({"list": _list, "create": _create, "describe": _describe, "delete": _delete})
)
