"""Idempotent producers and committed readers, by hand-made batches and by a stock client."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import confluent_kafka
import pytest

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.log.log_manager import LogManager
from engine.protocol.api_keys import ApiKeys
from engine.record.memory_records import MemoryRecords
from tests.engine.log.producers import end_transaction, now_ms, numbered
from tests.engine.record.batches import a_batch
from tests.engine.server.broker import (
    DEADLINE_SECONDS,
    Broker,
    Wire,
    create_topic,
    fetch_body,
    fetched,
    produce,
    running,
)

READ_COMMITTED = 1


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests that do not restart it."""
    with running(tmp_path_factory.mktemp("producers") / "data") as broker:
        yield broker


def sent(records: MemoryRecords) -> bytes:
    """A batch as it goes over the wire."""
    return bytes(records.buffer)


def test_a_duplicate_over_the_wire(broker: Broker) -> None:
    """Its first offset, no error, and the log as long as before."""
    with Wire(broker) as wire:
        create_topic(wire, "twice")
        batches = [sent(numbered(sequence, 2)) for sequence in range(0, 8, 2)]
        assert [produce(wire, "twice", each).base_offset for each in batches] == [0, 2, 4, 6]
        again = [produce(wire, "twice", each) for each in batches]
        assert [(a.error_code, a.base_offset) for a in again] == [(0, 0), (0, 2), (0, 4), (0, 6)]
        answer = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("twice", 0)))
        assert answer.high_watermark == 8


def test_errors_over_the_wire(broker: Broker) -> None:
    """Out of order, and an old epoch; the connection goes on."""
    with Wire(broker) as wire:
        create_topic(wire, "refused")
        assert produce(wire, "refused", sent(numbered(0, epoch=1))).error_code == 0
        gap = produce(wire, "refused", sent(numbered(5, epoch=1)))
        assert gap.error_code == Errors.OUT_OF_ORDER_SEQUENCE_NUMBER
        old = produce(wire, "refused", sent(numbered(1, epoch=0)))
        assert old.error_code == Errors.INVALID_PRODUCER_EPOCH
        assert produce(wire, "refused", sent(numbered(1, epoch=1))).base_offset == 1


def test_a_duplicate_after_a_restart(tmp_path: Path) -> None:
    """The snapshot knows it after a stop in order, the log after a kill."""
    batch = sent(numbered(0, 2))
    with Broker(tmp_path / "data") as broker, Wire(broker) as wire:
        create_topic(wire, "again")
        assert produce(wire, "again", batch).base_offset == 0
        assert broker.stop() == 0
    with Broker(tmp_path / "data") as broker, Wire(broker) as wire:
        assert produce(wire, "again", batch).base_offset == 0
        assert produce(wire, "again", sent(numbered(2))).base_offset == 2
        broker.process.kill()
        broker.process.wait()
    with running(tmp_path / "data") as broker, Wire(broker) as wire:
        assert produce(wire, "again", sent(numbered(2))).base_offset == 2
        assert produce(wire, "again", sent(numbered(3))).base_offset == 3


@pytest.mark.interop
def test_an_idempotent_stock_client(broker: Broker) -> None:
    """With five requests in flight: everything once and in order."""
    values = [b"%d" % index for index in range(50_000)]
    failures: list[object] = []
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": broker.address,
            "enable.idempotence": True,
            "batch.num.messages": 100,
            "linger.ms": 1,
        }
    )
    with Wire(broker) as wire:
        create_topic(wire, "idempotent")
    for value in values:
        producer.produce(
            "idempotent", value, on_delivery=lambda e, _: failures.append(e) if e else None
        )
        producer.poll(0)
    assert producer.flush(DEADLINE_SECONDS) == 0
    assert not failures
    received = consumed(broker, "idempotent", len(values), "read_uncommitted")
    assert (
        hashlib.sha256(b",".join(received)).digest() == hashlib.sha256(b",".join(values)).digest()
    )


def consumed(broker: Broker, topic: str, count: int, isolation: str) -> list[bytes]:
    """The first values that a stock consumer gets."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": broker.address, "group.id": "none", "isolation.level": isolation}
    )
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    values: list[bytes] = []
    end = time.monotonic() + DEADLINE_SECONDS
    try:
        while len(values) < count:
            assert time.monotonic() < end, f"{len(values)} of {count} came"
            for message in consumer.consume(count - len(values), 0.2):
                assert message.error() is None, message.error()
                values.append(message.value() or b"")
    finally:
        consumer.close()
    return values


@pytest.mark.interop
def test_a_stock_reader_of_committed_records(tmp_path: Path) -> None:
    """Aborted records stay away, and what is open stops the reader."""
    manager = LogManager(str(tmp_path / "data"))
    manager.startup()
    log = manager.get_or_create_log(TopicPartition("mixed", 0))
    log.append_as_leader(numbered(0, 2, transactional=True))
    log.append_as_leader(numbered(10, 2, pid=5, transactional=True))
    end_transaction(log, commit=True)
    end_transaction(log, commit=False, pid=5)
    log.append_as_leader(a_batch(b"plain", timestamp=now_ms()))
    log.append_as_leader(numbered(12, 1, pid=5, transactional=True))
    manager.shutdown()
    with running(tmp_path / "data") as broker, closing(Wire(broker).socket):
        expected = [b"value 0", b"value 1", b"plain"]
        assert consumed(broker, "mixed", 3, "read_committed") == expected
        with Wire(broker) as wire:
            body = fetch_body("mixed", 0)
            body.isolation_level = READ_COMMITTED
            answer = fetched(wire.call(ApiKeys.FETCH, 11, body))
            named = [(a.producer_id, a.first_offset) for a in answer.aborted_transactions]
            assert (named, answer.last_stable_offset, answer.high_watermark) == ([(5, 2)], 7, 8)
            body = fetch_body("mixed", 7)
            body.isolation_level = READ_COMMITTED
            assert not fetched(wire.call(ApiKeys.FETCH, 11, body)).records
        assert len(consumed(broker, "mixed", 6, "read_uncommitted")) == 6
