"""ListOffsets: the first offset, the next offset, or the first record at or after a time.

System calls: for a time, those of the search in the time index and the segment.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import ApiException, Errors
from engine.common.topic_partition import TopicPartition
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.replica.partition import LEADER_EPOCH, Partition
from engine.server.broker_context import BrokerContext, Respond

LATEST_TIMESTAMP = -1
EARLIEST_TIMESTAMP = -2
_READ_COMMITTED = 1


def handle_list_offsets_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Answer for every partition asked about."""
    response = message_type("ListOffsetsResponse")
    respond(
        response(
            topics=[
                response.ListOffsetsTopicResponse(
                    name=topic.name,
                    partitions=[
                        _partition(context, request, topic.name, each) for each in topic.partitions
                    ],
                )
                for topic in request.body.topics
            ]
        )
    )


def _partition(context: BrokerContext, request: Request, topic: str, wanted: Any) -> Any:
    response = message_type("ListOffsetsResponse")
    answer = response.ListOffsetsPartitionResponse(partition_index=wanted.partition_index)
    committed = request.body.isolation_level == _READ_COMMITTED
    try:
        partition = context.replica_manager.get_partition_or_exception(
            TopicPartition(topic, wanted.partition_index)
        )
        answer.timestamp, answer.offset = _lookup(partition, wanted.timestamp, committed=committed)
        answer.leader_epoch = LEADER_EPOCH
    except ApiException as refusal:
        answer.error_code = Errors.for_exception(refusal)
    return answer


def _lookup(partition: Partition, timestamp: int, *, committed: bool) -> tuple[int, int]:
    """Timestamp and offset; -1 stands for neither found nor asked for."""
    end = partition.last_stable_offset if committed else partition.high_watermark
    if timestamp == LATEST_TIMESTAMP:
        return -1, end
    if timestamp == EARLIEST_TIMESTAMP:
        return -1, partition.log_start_offset
    found = partition.log.fetch_offset_by_timestamp(timestamp)
    return (-1, -1) if found is None or found.offset >= end else (found.timestamp, found.offset)
