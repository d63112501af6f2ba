"""OffsetForLeaderEpoch: where an epoch ends, by which a consumer notices a truncated log (KIP-320).

This broker has led every partition since the beginning, in one epoch; logs that another broker has
written may know more of them.

System calls: none.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import ApiException, Errors
from engine.common.topic_partition import TopicPartition
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.replica.partition import LEADER_EPOCH
from engine.server.broker_context import BrokerContext, Respond


def handle_offset_for_leader_epoch_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Answer for every partition asked about."""
    response = message_type("OffsetForLeaderEpochResponse")
    respond(
        response(
            topics=[
                response.OffsetForLeaderTopicResult(
                    topic=topic.topic,
                    partitions=[
                        _partition(context, response, topic.topic, each)
                        for each in topic.partitions
                    ],
                )
                for topic in request.body.topics
            ]
        )
    )


def _partition(context: BrokerContext, response: Any, topic: str, wanted: Any) -> Any:
    answer = response.EpochEndOffset(partition=wanted.partition)
    try:
        partition = context.replica_manager.get_partition_or_exception(
            TopicPartition(topic, wanted.partition)
        )
    except ApiException as refusal:
        answer.error_code = Errors.for_exception(refusal)
        return answer
    log = partition.log
    ended = log.leader_epochs.end_offset_for(wanted.leader_epoch, log.log_end_offset)
    # A log without a record has no epoch on disk yet; it is led all the same.
    known = (LEADER_EPOCH, log.log_end_offset)
    led = wanted.leader_epoch == LEADER_EPOCH
    answer.leader_epoch, answer.end_offset = known if led else ended
    return answer
