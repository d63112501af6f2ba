"""DeleteRecords over the wire and by a stock admin; retention in a running broker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import admin as confluent_admin

from engine.common.errors import Errors
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import message_type
from tests.engine.server.broker import (
    DEADLINE_SECONDS,
    Broker,
    Wire,
    batch,
    create_topic,
    fetch_body,
    fetched,
    produce,
    running,
    wait_until,
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for this file."""
    with running(tmp_path_factory.mktemp("delete-records") / "data") as broker:
        yield broker


def delete_records(wire: Wire, topic: str, offset: int) -> Any:
    """The answer for partition 0."""
    request = message_type("DeleteRecordsRequest")
    partition = request.DeleteRecordsPartition(partition_index=0, offset=offset)
    wanted = request.DeleteRecordsTopic(name=topic, partitions=[partition])
    answer = wire.call(ApiKeys.DELETE_RECORDS, 1, request(topics=[wanted], timeout_ms=5000))
    return answer.topics[0].partitions[0]


def test_offsets_and_refusals(broker: Broker) -> None:
    """-1 is the high watermark; outside the log, compacted and unknown topics are refused."""
    with Wire(broker) as wire:
        create_topic(wire, "deleted")
        create_topic(wire, "compacted", cleanup_policy="compact")
        produce(wire, "deleted", batch([b"a", b"b", b"c"]))
        answer = delete_records(wire, "deleted", 2)
        assert (answer.error_code, answer.low_watermark) == (0, 2)
        assert delete_records(wire, "deleted", 1).low_watermark == 2
        assert fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("deleted", 1))).error_code == 1
        whole = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("deleted", 2)))
        assert (whole.error_code, whole.log_start_offset) == (0, 2)
        assert delete_records(wire, "deleted", -1).low_watermark == 3
        for topic, offset, error in [
            ("deleted", 4, Errors.OFFSET_OUT_OF_RANGE),
            ("deleted", -2, Errors.OFFSET_OUT_OF_RANGE),
            ("compacted", 0, Errors.POLICY_VIOLATION),
            ("missing", 0, Errors.UNKNOWN_TOPIC_OR_PARTITION),
            ("__consumer_offsets", 0, Errors.INVALID_TOPIC_EXCEPTION),
        ]:
            refused = delete_records(wire, topic, offset)
            assert (refused.error_code, refused.low_watermark) == (error, -1)


@pytest.mark.interop
def test_by_a_stock_admin(broker: Broker) -> None:
    """confluent-kafka's admin deletes, its consumer starts where the log now begins."""
    with Wire(broker) as wire:
        create_topic(wire, "stock")
        produce(wire, "stock", batch([b"a", b"b", b"c"]))
    admin = confluent_admin.AdminClient({"bootstrap.servers": broker.address})
    partition = confluent_kafka.TopicPartition("stock", 0, 2)
    done = admin.delete_records([partition])
    assert [f.result(DEADLINE_SECONDS).low_watermark for f in done.values()] == [2]
    consumer = confluent_kafka.Consumer({"bootstrap.servers": broker.address, "group.id": "g"})
    try:
        consumer.assign([confluent_kafka.TopicPartition("stock", 0, 0)])
        low, high = consumer.get_watermark_offsets(partition, timeout=DEADLINE_SECONDS)
        assert (low, high) == (2, 3)
    finally:
        consumer.close()


def test_retention_in_a_running_broker(tmp_path: Path) -> None:
    """Old segments leave the directory without a restart; a deleted start outlives a kill."""
    overrides = (
        "log.initial.task.delay.ms=0",
        "log.retention.check.interval.ms=20",
        "log.segment.delete.delay.ms=0",
        "log.flush.start.offset.checkpoint.interval.ms=20",
    )
    directory = tmp_path / "data"
    with Broker(directory, *overrides) as broker, Wire(broker) as wire:
        create_topic(wire, "old", retention_ms="1000")
        create_topic(wire, "kept", retention_ms="-1")
        for topic in ("old", "kept"):
            produce(wire, topic, batch([b"a", b"b", b"c"]))
        files = directory / "old-0"
        wait_until(lambda: [p.name for p in files.glob("*.log")] == [f"{3:020}.log"], "deletion")
        wait_until(lambda: not list(files.glob("*.deleted")), "the files are gone")
        assert delete_records(wire, "kept", 2).low_watermark == 2
        checkpoint = directory / "log-start-offset-checkpoint"
        wait_until(lambda: "kept 0 2" in checkpoint.read_text(), "the checkpoint")
        broker.process.kill()
        broker.process.wait()
    with running(directory, *overrides) as broker, Wire(broker) as wire:
        kept = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("kept", 2)))
        assert (kept.error_code, kept.log_start_offset, kept.high_watermark) == (0, 2, 3)
        old = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("old", 3)))
        assert (old.error_code, old.log_start_offset, old.high_watermark) == (0, 3, 3)
