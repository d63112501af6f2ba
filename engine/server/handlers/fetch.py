"""Fetch: reads record batches, waiting for them if there are too few.

Fetch sessions (KIP-227) are not kept: a client that asks for one is answered with session id 0,
which means "send everything each time". The records of the answer are slices of segment files and
never enter this process when the transfer mode is ``sendfile``.

System calls: those of the read; sending is the processor's.

Kafka: kafka.server.KafkaApis
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.log.aborted_txn import AbortedTxn
from engine.log.fetch_isolation import FetchIsolation
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.replica.log_read_result import FetchParams, LogReadResult, PartitionFetch
from engine.replica.replica_manager import ReadResults
from engine.server.broker_context import BrokerContext, Respond

_NO_SESSION = 0
_READ_COMMITTED = 1


def handle_fetch_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Read from every partition asked for; wait up to ``max_wait_ms`` for ``min_bytes``."""
    body = request.body
    if body.session_id != _NO_SESSION:
        respond(message_type("FetchResponse")(error_code=Errors.FETCH_SESSION_ID_NOT_FOUND))
        return
    fetches = [
        PartitionFetch(
            TopicPartition(topic.topic, each.partition), each.fetch_offset, each.partition_max_bytes
        )
        for topic in body.topics
        for each in topic.partitions
    ]
    limit = context.config.integer("fetch.max.bytes")
    committed = body.isolation_level == _READ_COMMITTED
    params = FetchParams(
        body.max_wait_ms,
        body.min_bytes,
        min(body.max_bytes, limit),
        FetchIsolation.TXN_COMMITTED if committed else FetchIsolation.HIGH_WATERMARK,
    )
    context.replica_manager.fetch_messages(
        params, fetches, lambda results: respond(_response(results))
    )


def _response(results: ReadResults) -> Any:
    response = message_type("FetchResponse")
    return response(
        responses=[
            response.FetchableTopicResponse(
                topic=topic,
                partitions=[_partition(response, *each) for each in of_topic],
            )
            for topic, of_topic in _by_topic(results)
        ]
    )


def _by_topic(results: ReadResults) -> Iterable[tuple[str, ReadResults]]:
    grouped = groupby(results, key=lambda each: each[0].partition.topic)
    return [(topic, list(of_topic)) for topic, of_topic in grouped]


def _partition(response: Any, fetch: PartitionFetch, result: LogReadResult) -> Any:
    return response.PartitionData(
        partition_index=fetch.partition.partition,
        error_code=result.error,
        high_watermark=result.high_watermark,
        last_stable_offset=result.last_stable_offset,
        log_start_offset=result.log_start_offset,
        aborted_transactions=_aborted(response, result.aborted_transactions),
        records=result.records,
    )


def _aborted(response: Any, aborted: tuple[AbortedTxn, ...] | None) -> list[Any] | None:
    if aborted is None:
        return None
    return [
        response.AbortedTransaction(producer_id=each.producer_id, first_offset=each.first_offset)
        for each in aborted
    ]
