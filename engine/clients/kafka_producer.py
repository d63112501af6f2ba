"""Gathers records into batches and sends each as one Produce request, one in flight.

::

    send(value) -> batch of the partition -> full: Produce -> wait for the answer (acks=1)

A topic's records go to one partition until its batch is sent, then to the next: the sticky way of
Kafka's producer (KIP-480).

System calls: those of ``network_client``.

Kafka: org.apache.kafka.clients.producer.KafkaProducer
"""

import time
from types import TracebackType
from typing import Self

from engine.clients.client_utils import Address
from engine.clients.kafka_exception import KafkaException
from engine.clients.metadata import Metadata
from engine.clients.network_client import NetworkClient
from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type, preload
from engine.record.compression_type import CompressionType
from engine.record.memory_records_builder import MemoryRecordsBuilder

REQUEST_TIMEOUT_MS = 30_000
# The most that a record's own lengths and deltas take (Kafka: DefaultRecord.MAX_RECORD_OVERHEAD).
MAX_RECORD_OVERHEAD = 21


class KafkaProducer:
    """Sends records; ``batch_size`` is in bytes, ``acks`` one of 0, 1, -1."""

    def __init__(
        self,
        bootstrap_server: Address,
        *,
        batch_size: int = 16_384,
        acks: int = 1,
        compression: CompressionType = CompressionType.NONE,
        client_id: str = "kafkascope-producer",
    ) -> None:
        preload((ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.PRODUCE), newest_only=True)
        self._batch_size = batch_size
        self._acks = acks
        self._compression = compression
        self._batches: dict[TopicPartition, MemoryRecordsBuilder] = {}
        self._partitions: dict[str, list[int]] = {}
        self._client = NetworkClient(bootstrap_server, client_id)
        self._metadata = Metadata(self._client, create=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()
        self._client.close()

    @property
    def requests_sent(self) -> int:
        """Requests so far, those about versions and topics included."""
        return self._client.requests_sent

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int | None = None,
    ) -> None:
        """Puts a record into its batch; sends the batch first if the record has no room in it."""
        where = self._choose(topic, partition)
        size = MAX_RECORD_OVERHEAD + len(value or b"") + len(key or b"")
        batch = self._batches.get(where)
        if batch is not None and batch.estimated_bytes_written + size > self._batch_size:
            self._send_batch(where)
            self.send(topic, value, key=key, partition=partition)
            return
        if batch is None:
            batch = self._batches[where] = MemoryRecordsBuilder(self._compression)
        batch.append(time.time_ns() // 1_000_000, key, value)

    def flush(self) -> None:
        """Sends every batch that has records."""
        for where in list(self._batches):
            self._send_batch(where)

    def close(self) -> None:
        """Closes the connection; records that were not flushed are lost."""
        self._client.close()

    def _choose(self, topic: str, partition: int | None) -> TopicPartition:
        if topic not in self._partitions:
            self._partitions[topic] = self._metadata.partitions_for(topic)
        known = self._partitions[topic]
        if partition is not None and partition not in known:
            raise KafkaException(
                f"Topic {topic!r} has {len(known)} partitions and no partition {partition}."
            )
        return TopicPartition(topic, known[0] if partition is None else partition)

    def _send_batch(self, where: TopicPartition) -> None:
        records = self._batches.pop(where).build()
        first, *others = self._partitions[where.topic]
        self._partitions[where.topic] = [*others, first]
        request = message_type("ProduceRequest")
        data = request.PartitionProduceData(index=where.partition, records=records.buffer)
        topic = request.TopicProduceData(name=where.topic, partition_data=[data])
        body = request(acks=self._acks, timeout_ms=REQUEST_TIMEOUT_MS, topic_data=[topic])
        if self._acks == 0:
            self._client.send_only(ApiKeys.PRODUCE, body)
            return
        for answer in self._client.send(ApiKeys.PRODUCE, body).responses:
            for partition in answer.partition_responses:
                self._check(where, partition.error_code, partition.error_message)

    def _check(self, where: TopicPartition, code: int, message: str | None) -> None:
        if code:
            reason = f"{Errors.for_code(code).name}{f' ({message})' if message else ''}"
            raise KafkaException(f"The broker refused a batch for {where}: {reason}.")
