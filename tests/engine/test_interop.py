"""Stock clients against the broker: kcat, confluent-kafka (librdkafka) and kafka-python."""

import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka import admin as confluent_admin

from tests.engine.server.broker import DEADLINE_SECONDS, Broker, Wire, create_topic, running

pytestmark = pytest.mark.interop

KCAT = shutil.which("kcat")
needs_kcat = pytest.mark.skipif(KCAT is None, reason="kcat is not installed")
HUNDRED_THOUSAND = 100_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all clients; two request handlers are plenty."""
    with running(tmp_path_factory.mktemp("interop") / "data") as broker:
        yield broker


def lines(count: int) -> list[bytes]:
    """Lines of varying length, each of them unlike the others."""
    return [b"%d %s" % (index, b"abcdefghij" * (index % 9)) for index in range(count)]


def digest(values: Sequence[bytes]) -> str:
    """SHA-256 of the values, a line each."""
    return hashlib.sha256(b"".join(value + b"\n" for value in values)).hexdigest()


def kcat(broker: Broker, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run kcat to its end; what it printed."""
    assert KCAT is not None
    run = subprocess.run(
        [KCAT, "-q", "-b", broker.address, *arguments],
        input=stdin,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def confluent_produce(
    broker: Broker, topic: str, values: Sequence[bytes], **settings: object
) -> None:
    """Produce values in order; every one must be acknowledged."""
    failures: list[object] = []
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": broker.address,
            "queue.buffering.max.messages": 200_000,
            "linger.ms": 5,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }
    )
    for value in values:
        producer.produce(topic, value, on_delivery=lambda e, _: failures.append(e) if e else None)
    assert producer.flush(DEADLINE_SECONDS) == 0
    assert not failures


def confluent_consumer(broker: Broker, group: str, **settings: object) -> confluent_kafka.Consumer:
    """A consumer of a group that begins at the beginning."""
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": broker.address,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            **{name.replace("_", "."): value for name, value in settings.items()},
        }
    )


def take(consumer: confluent_kafka.Consumer, count: int) -> list[bytes]:
    """The next ``count`` values."""
    values: list[bytes] = []
    end = time.monotonic() + DEADLINE_SECONDS
    while len(values) < count:
        assert time.monotonic() < end, f"{len(values)} of {count} came"
        for message in consumer.consume(min(5000, count - len(values)), 0.2):
            assert message.error() is None, message.error()
            values.append(message.value() or b"")
    return values


@needs_kcat
def test_100_000_records_by_kcat_and_back_by_confluent(broker: Broker) -> None:
    values = lines(HUNDRED_THOUSAND)
    kcat(broker, "-P", "-t", "kcat-in", stdin=b"".join(value + b"\n" for value in values))
    consumer = confluent_consumer(broker, "kcat-in")
    consumer.subscribe(["kcat-in"])
    try:
        assert digest(take(consumer, HUNDRED_THOUSAND)) == digest(values)
    finally:
        consumer.close()


@needs_kcat
def test_100_000_records_by_confluent_and_back_by_kcat(broker: Broker) -> None:
    values = lines(HUNDRED_THOUSAND)
    confluent_produce(broker, "kcat-out", values)
    received = kcat(broker, "-C", "-t", "kcat-out", "-o", "beginning", "-e")
    assert hashlib.sha256(received).hexdigest() == digest(values)


@needs_kcat
@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_kcats_codecs_are_kept(broker: Broker, codec: str) -> None:
    values = lines(3000)
    topic = f"kcat-{codec}"
    kcat(broker, "-P", "-z", codec, "-t", topic, stdin=b"".join(v + b"\n" for v in values))
    assert hashlib.sha256(kcat(broker, "-C", "-t", topic, "-e")).hexdigest() == digest(values)
    log = broker.data_dir / f"{topic}-0" / "00000000000000000000.log"
    # Compressed on disk: librdkafka switches codecs off silently if Produce does not begin at 0.
    assert log.stat().st_size < sum(map(len, values)) / 2


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_an_idempotent_producer_with_every_codec(broker: Broker, codec: str) -> None:
    values = lines(2000)
    topic = f"idempotent-{codec}"
    confluent_produce(broker, topic, values, enable_idempotence=True, **{"compression.type": codec})
    consumer = confluent_consumer(broker, topic)
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    try:
        assert take(consumer, 2000) == values
    finally:
        consumer.close()


@needs_kcat
def test_kcat_in_a_group(broker: Broker) -> None:
    confluent_produce(broker, "grouped", lines(500))
    received = kcat(
        broker, "-G", "kcat-group", "-X", "auto.offset.reset=earliest", "-c", "500", "grouped"
    )
    assert sorted(received.splitlines()) == sorted(lines(500))


def test_two_members_share_the_partitions(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "shared", 4)
    first = confluent_consumer(broker, "sharing", **{"session.timeout.ms": 6000})
    second = confluent_consumer(broker, "sharing", **{"session.timeout.ms": 6000})
    try:
        first.subscribe(["shared"])
        second.subscribe(["shared"])
        end = time.monotonic() + DEADLINE_SECONDS
        while (len(first.assignment()), len(second.assignment())) != (2, 2):
            assert time.monotonic() < end, "the partitions were not shared"
            first.poll(0.05)
            second.poll(0.05)
        mine = {part.partition for part in first.assignment()}
        assert mine | {part.partition for part in second.assignment()} == {0, 1, 2, 3}
    finally:
        first.close()
        second.close()


def test_committed_offsets_survive_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    values = lines(100)
    with running(data) as broker:
        confluent_produce(broker, "committed", values)
        consumer = confluent_consumer(broker, "reader")
        consumer.subscribe(["committed"])
        assert take(consumer, 40) == values[:40]
        consumer.commit(
            offsets=[confluent_kafka.TopicPartition("committed", 0, 40)], asynchronous=False
        )
        consumer.close()
    with running(data) as broker:
        consumer = confluent_consumer(broker, "reader")
        consumer.subscribe(["committed"])
        assert take(consumer, 60) == values[40:]
        consumer.close()


def test_administration_by_confluent(broker: Broker) -> None:
    admin = confluent_admin.AdminClient({"bootstrap.servers": broker.address})
    topic = confluent_admin.NewTopic("admin", 3, 1, config={"segment.bytes": "9000"})  # type: ignore[attr-defined]  # it is there
    made = admin.create_topics([topic])
    made["admin"].result(DEADLINE_SECONDS)
    assert len(admin.list_topics("admin").topics["admin"].partitions) == 3
    resource = confluent_admin.ConfigResource("broker", "0")  # type: ignore[attr-defined]  # it is there
    configs = admin.describe_configs([resource])[resource].result(DEADLINE_SECONDS)
    assert configs["num.io.threads"].value == "8"
    resource = confluent_admin.ConfigResource("topic", "admin")  # type: ignore[attr-defined]  # it is there
    configs = admin.describe_configs([resource])[resource].result(DEADLINE_SECONDS)
    assert (configs["segment.bytes"].value, configs["segment.bytes"].is_default) == ("9000", False)
    assert configs["index.interval.bytes"].is_default
    admin.delete_topics(["admin"])["admin"].result(DEADLINE_SECONDS)
    with pytest.raises(confluent_kafka.KafkaException, match="UNKNOWN_TOPIC"):
        admin.delete_topics(["admin"])["admin"].result(DEADLINE_SECONDS)


# kafka-python 3.0 reads its own schemas by a deprecated function.
@pytest.mark.filterwarnings("ignore:.*_text is deprecated:DeprecationWarning")
@pytest.mark.parametrize("codec", [None, "gzip"])
def test_kafka_python_there_and_back(broker: Broker, codec: str | None) -> None:
    import kafka

    values = lines(1000)
    topic = f"kafka-python-{codec}"
    producer = kafka.KafkaProducer(
        bootstrap_servers=broker.address, compression_type=codec, acks="all"
    )
    for value in values:
        producer.send(topic, value)
    producer.flush(DEADLINE_SECONDS)
    producer.close()
    consumer = kafka.KafkaConsumer(
        topic,
        bootstrap_servers=broker.address,
        group_id=topic,
        auto_offset_reset="earliest",
        consumer_timeout_ms=DEADLINE_SECONDS * 1000,
    )
    received = [message.value for _, message in zip(values, consumer, strict=False)]
    consumer.commit()
    consumer.close()
    assert received == values


def test_groups_are_listed_described_and_deleted(broker: Broker) -> None:
    confluent_produce(broker, "listed", lines(5))
    consumer = confluent_consumer(broker, "listed-group")
    consumer.subscribe(["listed"])
    take(consumer, 5)
    consumer.commit(asynchronous=False)
    admin = confluent_admin.AdminClient({"bootstrap.servers": broker.address})
    groups = admin.list_consumer_groups().result(DEADLINE_SECONDS).valid
    assert "listed-group" in {group.group_id for group in groups}
    described = admin.describe_consumer_groups(["listed-group"])["listed-group"]
    assert described.result(DEADLINE_SECONDS).state is confluent_kafka.ConsumerGroupState.STABLE
    consumer.close()
    admin.delete_consumer_groups(["listed-group"])["listed-group"].result(DEADLINE_SECONDS)
    groups = admin.list_consumer_groups().result(DEADLINE_SECONDS).valid
    assert "listed-group" not in {group.group_id for group in groups}
