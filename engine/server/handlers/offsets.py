"""OffsetCommit and OffsetFetch: where a group has got to.

System calls: for a commit, those of an append to ``__consumer_offsets``.

Kafka: kafka.server.KafkaApis
"""

import time
from typing import Any

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata import OffsetAndMetadata
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond

_UNKNOWN_OFFSET = -1


def handle_offset_commit_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Store offsets; a partition that does not exist, or too long metadata, is refused by itself."""
    body = request.body
    errors: dict[TopicPartition, Errors] = {}
    offsets: dict[TopicPartition, OffsetAndMetadata] = {}
    now = time.time_ns() // 1_000_000
    for topic in body.topics:
        for each in topic.partitions:
            partition = TopicPartition(topic.name, each.partition_index)
            errors[partition] = _partition_error(context, partition, each.committed_metadata)
            if errors[partition] is Errors.NONE:
                offsets[partition] = OffsetAndMetadata(
                    each.committed_offset,
                    each.committed_leader_epoch,
                    each.committed_metadata or "",
                    now,
                )
    coordinator = context.group_coordinator
    generation_id = body.generation_id_or_member_epoch
    error = coordinator.validate_commit(body.group_id, body.member_id, generation_id)
    if error is Errors.NONE:
        error = coordinator.manager.store_offsets(body.group_id, offsets)
    if error is not Errors.NONE:
        errors = dict.fromkeys(errors, error)
    respond(_commit_response(body, errors))


def _partition_error(
    context: BrokerContext, partition: TopicPartition, metadata: str | None
) -> Errors:
    count = context.topics.partition_count(partition.topic)
    if count is None or not 0 <= partition.partition < count:
        return Errors.UNKNOWN_TOPIC_OR_PARTITION
    if len(metadata or "") > context.config.integer("offset.metadata.max.bytes"):
        return Errors.OFFSET_METADATA_TOO_LARGE
    return Errors.NONE


def _commit_response(body: Any, errors: dict[TopicPartition, Errors]) -> Any:
    response = message_type("OffsetCommitResponse")
    return response(
        topics=[
            response.OffsetCommitResponseTopic(
                name=topic.name,
                partitions=[
                    response.OffsetCommitResponsePartition(
                        partition_index=each.partition_index,
                        error_code=errors[TopicPartition(topic.name, each.partition_index)],
                    )
                    for each in topic.partitions
                ],
            )
            for topic in body.topics
        ]
    )


def handle_offset_fetch_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Tell committed offsets; -1 where there is none, without an error."""
    body = request.body
    committed = context.group_coordinator.manager.offsets(body.group_id)
    response = message_type("OffsetFetchResponse")
    if body.topics is None:
        wanted = _all_partitions(committed)
    else:
        wanted = {topic.name: topic.partition_indexes for topic in body.topics}
    respond(
        response(
            topics=[
                response.OffsetFetchResponseTopic(
                    name=name,
                    partitions=[
                        _fetched(response, index, committed.get(TopicPartition(name, index)))
                        for index in indexes
                    ],
                )
                for name, indexes in wanted.items()
            ]
        )
    )


def _all_partitions(committed: dict[TopicPartition, OffsetAndMetadata]) -> dict[str, list[int]]:
    wanted: dict[str, list[int]] = {}
    for topic, index in sorted(committed):
        wanted.setdefault(topic, []).append(index)
    return wanted


def _fetched(response: Any, index: int, committed: OffsetAndMetadata | None) -> Any:
    if committed is None:
        return response.OffsetFetchResponsePartition(
            partition_index=index, committed_offset=_UNKNOWN_OFFSET, metadata=""
        )
    return response.OffsetFetchResponsePartition(
        partition_index=index,
        committed_offset=committed.offset,
        committed_leader_epoch=committed.leader_epoch,
        metadata=committed.metadata,
    )
