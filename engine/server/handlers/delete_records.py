"""DeleteRecords: what comes before an offset is no longer part of the log (KIP-107).

Nothing is written for it at once: the new start is in the checkpoint of start offsets within
``log.flush.start.offset.checkpoint.interval.ms``, and files go with the next look at retention.

System calls: none, or those of the leader epoch checkpoint.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import ApiException, Errors, InvalidTopicException
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata_manager import GROUP_METADATA_TOPIC
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond

INVALID_LOW_WATERMARK = -1


def handle_delete_records_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Answer for every partition with where its log begins now."""
    response = message_type("DeleteRecordsResponse")
    respond(
        response(
            topics=[
                response.DeleteRecordsTopicResult(
                    name=topic.name,
                    partitions=[
                        _partition(context, response, topic.name, each) for each in topic.partitions
                    ],
                )
                for topic in request.body.topics
            ]
        )
    )


def _partition(context: BrokerContext, response: Any, topic: str, wanted: Any) -> Any:
    answer = response.DeleteRecordsPartitionResult(
        partition_index=wanted.partition_index, low_watermark=INVALID_LOW_WATERMARK
    )
    try:
        if topic == GROUP_METADATA_TOPIC:
            raise InvalidTopicException(f"Records of the internal topic {topic} are not deleted.")
        partition = context.replica_manager.get_partition_or_exception(
            TopicPartition(topic, wanted.partition_index)
        )
        answer.low_watermark = partition.delete_records_on_leader(wanted.offset)
    except ApiException as refusal:
        answer.error_code = Errors.for_exception(refusal)
    return answer
