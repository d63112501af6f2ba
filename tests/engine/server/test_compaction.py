"""Compaction in a running broker, as a stock client sees it."""

import json
from pathlib import Path

import confluent_kafka
import pytest

from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type
from tests.engine.server.broker import (
    DEADLINE_SECONDS,
    Broker,
    Wire,
    batch,
    create_topic,
    produce,
    running,
    wait_until,
)

QUICK_CLEANER = ("log.cleaner.backoff.ms=20", "log.segment.delete.delay.ms=0")
RECORDS = 400


def produce_keys(broker: Broker) -> None:
    """Records under seven keys, the value is the number; one key ends without a value."""
    settings = {"bootstrap.servers": broker.address, "batch.num.messages": 5, "linger.ms": 0}
    producer = confluent_kafka.Producer(settings)
    for number in range(RECORDS):
        producer.produce("state", key=f"k{number % 7}", value=str(number))
    producer.produce("state", key="k0", value=None)
    assert producer.flush(DEADLINE_SECONDS) == 0


def consume_all(broker: Broker, end: int) -> list[tuple[int, str, str | None]]:
    """Offset, key and value of every record there is."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": broker.address, "group.id": "g", "enable.partition.eof": True}
    )
    found: list[tuple[int, str, str | None]] = []
    try:
        consumer.assign([confluent_kafka.TopicPartition("state", 0, 0)])
        while True:
            message = consumer.poll(DEADLINE_SECONDS)
            assert message is not None
            if message.error() is not None:
                break
            key, value, offset = message.key(), message.value(), message.offset()
            assert key is not None
            assert offset is not None
            text = None if value is None else value.decode()
            found.append((offset, key.decode(), text))
        position = consumer.position([confluent_kafka.TopicPartition("state", 0)])[0].offset
        assert position == end
        consumer.commit(offsets=[confluent_kafka.TopicPartition("state", 0, end)])
    finally:
        consumer.close()
    return found


@pytest.mark.interop
def test_a_stock_client_reads_the_last_values(tmp_path: Path) -> None:
    """Each key's last value is there, its offset is the one it was produced at, the rest is not."""
    data = tmp_path / "data"
    with running(data, *QUICK_CLEANER) as broker:
        with Wire(broker) as wire:
            assert not create_topic(
                wire,
                "state",
                cleanup_policy="compact",
                segment_bytes="2000",
                min_cleanable_dirty_ratio="0.01",
            )
            assert produce(wire, "state", batch([b"no key"])).error_code != 0
        produce_keys(broker)
        checkpoint = data / "cleaner-offset-checkpoint"
        files = data / "state-0"
        active = max(int(path.stem) for path in files.glob("*.log"))
        wait_until(
            lambda: checkpoint.exists() and f"state 0 {active}\n" in checkpoint.read_text(),
            "the compaction of all but the active segment",
        )
        found = consume_all(broker, RECORDS + 1)
        last = {key: value for _, key, value in found}
        newest = range(RECORDS - 7, RECORDS)
        assert last == {f"k{n % 7}": str(n) for n in newest} | {"k0": None}
        assert all(str(offset) == value for offset, _, value in found if value is not None)
        assert sum(offset < active for offset, _, _ in found) <= 7
        topics = json.loads((data / "kafkascope-topics.json").read_text())
        assert topics["__consumer_offsets"]["cleanup.policy"] == "compact"
    with running(data, *QUICK_CLEANER) as broker:
        assert {key: value for _, key, value in consume_all(broker, RECORDS + 1)} == last


def test_offsets_of_an_older_directory_are_compacted(tmp_path: Path) -> None:
    """The offsets topic gets its policy at the start; otherwise old commits would be deleted."""
    data = tmp_path / "data"
    with running(data) as broker, Wire(broker) as wire:
        assert not create_topic(wire, "__consumer_offsets", 2)
    assert not (data / "kafkascope-topics.json").exists()
    with running(data) as broker, Wire(broker) as wire:
        request = message_type("DescribeConfigsRequest")
        wanted = request.DescribeConfigsResource(
            resource_type=2,
            resource_name="__consumer_offsets",
            configuration_keys=["cleanup.policy"],
        )
        answer = wire.call(ApiKeys.DESCRIBE_CONFIGS, 2, request(resources=[wanted]))
        assert [each.value for each in answer.results[0].configs] == ["compact"]
