"""Reads partitions from given offsets: each fetch asks for all that are assigned.

::

    assign, seek -> fetch() -> whole batches as bytes    (a view of the receive buffer)
                    poll()  -> records, checksums verified

System calls: those of ``network_client``.

Kafka: org.apache.kafka.clients.consumer.KafkaConsumer
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from engine.clients.client_utils import Address
from engine.clients.kafka_exception import KafkaException
from engine.clients.metadata import Metadata
from engine.clients.network_client import NetworkClient
from engine.common.errors import CorruptRecordException, Errors
from engine.common.topic_partition import TopicPartition
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type, preload
from engine.record.default_record import DefaultRecord
from engine.record.memory_records import MemoryRecords
from engine.record.record_batch import RecordBatch

EARLIEST_TIMESTAMP = -2
LATEST_TIMESTAMP = -1
CONSUMER_REPLICA_ID = -1


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How much a fetch may bring and how long the broker may wait for it; Kafka's defaults."""

    max_wait_ms: int = 500
    min_bytes: int = 1
    max_bytes: int = 50 * 1024 * 1024
    max_partition_bytes: int = 1024 * 1024


class FetchedBatches(NamedTuple):
    """Whole batches of one partition, in ``data`` until the next fetch; ``records`` counts them."""

    partition: TopicPartition
    data: memoryview
    batches: tuple[RecordBatch, ...]
    records: int


class ConsumerRecord(NamedTuple):
    """A record and where it lies; key and value may be views, good until the next poll."""

    partition: TopicPartition
    record: DefaultRecord


class KafkaConsumer:
    """Fetches the partitions assigned to it from its own positions; there is no group."""

    def __init__(
        self,
        bootstrap_server: Address,
        *,
        settings: FetchSettings | None = None,
        client_id: str = "kafkascope-consumer",
    ) -> None:
        preload(
            (ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.LIST_OFFSETS, ApiKeys.FETCH),
            newest_only=True,
        )
        self._settings = settings or FetchSettings()
        self._positions: dict[TopicPartition, int] = {}
        self._client = NetworkClient(bootstrap_server, client_id)
        self._metadata = Metadata(self._client, create=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def requests_sent(self) -> int:
        """Requests so far, those about versions, topics and offsets included."""
        return self._client.requests_sent

    def partitions_for(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions; KafkaException if there is no such topic."""
        return [TopicPartition(topic, number) for number in self._metadata.partitions_for(topic)]

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Takes these partitions, and no others, from offset 0 or where ``seek`` says."""
        self._positions = {where: self._positions.get(where, 0) for where in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """The next fetch of the partition starts at ``offset``."""
        self._positions[partition] = offset

    def seek_to_beginning(self) -> None:
        """The next fetch starts at the first offset of each partition."""
        self._positions.update(self._list_offsets(EARLIEST_TIMESTAMP))

    def seek_to_end(self) -> None:
        """The next fetch brings only what is yet to be written."""
        self._positions.update(self._list_offsets(LATEST_TIMESTAMP))

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next record."""
        return self._positions[partition]

    def fetch(self) -> list[FetchedBatches]:
        """One Fetch request's worth of whole batches, unverified; none if nothing came in time."""
        response = self._client.send(ApiKeys.FETCH, self._fetch_request())
        _refuse(response.error_code, "The broker refused a fetch")
        found = [
            fetched
            for topic in response.responses
            for data in topic.partitions
            if (fetched := self._take(TopicPartition(topic.topic, data.partition_index), data))
        ]
        self._rotate()
        return found

    def poll(self) -> Iterator[ConsumerRecord]:
        """The records of one fetch, each batch's checksum verified before its first record."""
        starts = dict(self._positions)
        for fetched in self.fetch():
            where = fetched.partition
            try:
                for record in _verified(fetched.batches):
                    # The broker sends whole batches, also where the position lies inside one.
                    if record.offset >= starts[where]:
                        yield ConsumerRecord(where, record)
            except CorruptRecordException as error:
                raise KafkaException(f"{where} is corrupt: {error}.") from None

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        self._client.close()

    def _take(self, where: TopicPartition, data: Any) -> FetchedBatches | None:
        offset = self._positions[where]
        _refuse(data.error_code, f"The broker cannot read {where} at offset {offset}")
        if not data.records:
            return None
        try:
            batches = tuple(MemoryRecords.readable_records(data.records).batches())
        except CorruptRecordException as error:
            raise KafkaException(f"{where} is corrupt: {error}.") from None
        if not batches:
            raise KafkaException(f"{where} has a batch of over {len(data.records)} bytes.")
        self._positions[where] = batches[-1].next_offset
        size = sum(batch.size_in_bytes() for batch in batches)
        records = sum(batch.count_or_null or 0 for batch in batches)
        return FetchedBatches(where, data.records[:size], batches, records)

    def _fetch_request(self) -> Any:
        request = message_type("FetchRequest")
        limit = self._settings.max_partition_bytes
        partitions = [
            request.FetchTopic(
                topic=where.topic,
                partitions=[
                    request.FetchPartition(
                        partition=where.partition, fetch_offset=offset, partition_max_bytes=limit
                    )
                ],
            )
            for where, offset in self._positions.items()
        ]
        return request(
            max_wait_ms=self._settings.max_wait_ms,
            min_bytes=self._settings.min_bytes,
            max_bytes=self._settings.max_bytes,
            topics=partitions,
        )

    def _rotate(self) -> None:
        """Another partition comes first next time, so that none starves behind a full response."""
        if self._positions:
            first = next(iter(self._positions))
            self._positions[first] = self._positions.pop(first)

    def _list_offsets(self, timestamp: int) -> dict[TopicPartition, int]:
        request = message_type("ListOffsetsRequest")
        topics = [
            request.ListOffsetsTopic(
                name=where.topic,
                partitions=[
                    request.ListOffsetsPartition(
                        partition_index=where.partition, timestamp=timestamp
                    )
                ],
            )
            for where in self._positions
        ]
        body = request(replica_id=CONSUMER_REPLICA_ID, topics=topics)
        offsets = {}
        for topic in self._client.send(ApiKeys.LIST_OFFSETS, body).topics:
            for answer in topic.partitions:
                where = TopicPartition(topic.name, answer.partition_index)
                _refuse(answer.error_code, f"The broker cannot tell the offsets of {where}")
                offsets[where] = answer.offset
        return offsets


def _verified(batches: Sequence[RecordBatch]) -> Iterator[DefaultRecord]:
    """The records that a user wrote, after the checksum of each batch."""
    for batch in batches:
        batch.ensure_valid()
        if not batch.is_control_batch:
            yield from batch


def _refuse(code: int, sentence: str) -> None:
    if code:
        raise KafkaException(f"{sentence}: {Errors.for_code(code).name}.")
