"""Produce: appends record batches, and answers as ``acks`` asks.

With one replica ``acks=1`` and ``acks=all`` are the same. ``acks=0`` gets no answer; an error then
closes the connection, so that the client looks for the reason (as in Kafka).

System calls: those of the append.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.record.memory_records import MemoryRecords
from engine.replica.log_append_result import LogAppendResult
from engine.server.broker_context import BrokerContext, Respond
from engine.server.handlers.unanswerable import UnanswerableError

_OLDEST_WITH_V2_RECORDS = 3


def handle_produce_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Append every partition's records; each has its own error code."""
    body = request.body
    results: dict[TopicPartition, LogAppendResult] = {}
    entries: dict[TopicPartition, MemoryRecords] = {}
    refusal = _refusal(request)
    for topic in body.topic_data:
        for data in topic.partition_data:
            partition = TopicPartition(topic.name, data.index)
            if refusal is not None:
                results[partition] = refusal
            elif not data.records:
                results[partition] = LogAppendResult(Errors.INVALID_RECORD, message="no records")
            else:
                entries[partition] = MemoryRecords.readable_records(data.records)
    results.update(context.replica_manager.append_records(entries))
    if body.acks == 0:
        _end_without_answer(results)
        respond(None)
        return
    respond(_response(body, results))


def _refusal(request: Request) -> LogAppendResult | None:
    if request.body.acks not in {-1, 0, 1}:
        return LogAppendResult(Errors.INVALID_REQUIRED_ACKS, message="acks must be -1, 0 or 1")
    if request.header.api_version < _OLDEST_WITH_V2_RECORDS:
        message = "records of formats before 2 are not supported; produce with version 3 or later"
        return LogAppendResult(Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT, message=message)
    if request.body.transactional_id is not None:
        message = "transactions are not supported by this broker"
        return LogAppendResult(Errors.INVALID_TXN_STATE, message=message)
    return None


def _end_without_answer(results: dict[TopicPartition, LogAppendResult]) -> None:
    failed = [f"{each}: {result.error.name}" for each, result in results.items() if result.error]
    if failed:
        raise UnanswerableError(f"produce with acks=0 failed: {', '.join(failed)}")


def _response(body: Any, results: dict[TopicPartition, LogAppendResult]) -> Any:
    response = message_type("ProduceResponse")
    return response(
        responses=[
            response.TopicProduceResponse(
                name=topic.name,
                partition_responses=[
                    _partition(
                        response, data.index, results[TopicPartition(topic.name, data.index)]
                    )
                    for data in topic.partition_data
                ],
            )
            for topic in body.topic_data
        ]
    )


def _partition(response: Any, index: int, result: LogAppendResult) -> Any:
    return response.PartitionProduceResponse(
        index=index,
        error_code=result.error,
        base_offset=result.base_offset,
        log_append_time_ms=result.log_append_time,
        log_start_offset=result.log_start_offset,
        error_message=result.message,
    )
