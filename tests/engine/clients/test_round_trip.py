"""Producer and consumer against a real broker."""

import hashlib
from pathlib import Path

import pytest

from engine.clients.client_utils import Address
from engine.clients.kafka_consumer import FetchSettings, KafkaConsumer
from engine.clients.kafka_exception import KafkaException
from engine.clients.kafka_producer import KafkaProducer
from engine.common.topic_partition import TopicPartition
from engine.record.compression_type import CompressionType

QUICK = FetchSettings(max_wait_ms=50)


def produce(broker: Address, values: list[bytes], **options: object) -> None:
    with KafkaProducer(broker, batch_size=500, **options) as producer:  # type: ignore[arg-type]  # spread
        for value in values:
            producer.send("t", value)


def drain(consumer: KafkaConsumer, count: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < count:
        found += [bytes(record.value or b"") for _, record in consumer.poll()]
    return found


@pytest.mark.parametrize("acks", [1, -1])
@pytest.mark.parametrize("codec", list(CompressionType))
def test_records_come_back(broker: Address, codec: CompressionType, acks: int) -> None:
    values = [f"value {number}".encode() for number in range(300)]
    produce(broker, values, compression=codec, acks=acks)
    with KafkaConsumer(broker, settings=QUICK) as consumer:
        consumer.assign(consumer.partitions_for("t"))
        consumer.seek_to_beginning()
        assert sorted(drain(consumer, len(values))) == sorted(values)
        positions = [consumer.position(where) for where in consumer.partitions_for("t")]
        assert sum(positions) == len(values)
        assert min(positions) > 0
        assert consumer.fetch() == []


def test_without_acknowledgement(broker: Address) -> None:
    values = [b"%d" % number for number in range(50)]
    produce(broker, values, acks=0)
    with KafkaConsumer(broker, settings=QUICK) as consumer:
        consumer.assign(consumer.partitions_for("t"))
        assert sorted(drain(consumer, len(values))) == sorted(values)


def test_one_partition_keeps_its_order_keys_and_offsets(broker: Address) -> None:
    where = TopicPartition("t", 1)
    with KafkaProducer(broker, batch_size=200) as producer:
        producer.send("t", b"elsewhere")
        for number in range(40):
            producer.send("t", b"%d" % number, key=b"k%d" % number, partition=1)
    with KafkaConsumer(broker, settings=QUICK) as consumer:
        consumer.assign([where])
        consumer.seek(where, 33)
        records = [record for _, record in consumer.poll()]
        assert [record.offset for record in records] == list(range(33, 33 + len(records)))
        assert records[0].value == b"33"
        assert records[0].key == b"k33"
        consumer.seek_to_end()
        assert consumer.position(where) == 40


def test_raw_batches_are_the_bytes_on_disk(broker: Address) -> None:
    with KafkaProducer(broker, batch_size=1000) as producer:
        for number in range(500):
            producer.send("t", b"%d" % number, partition=0)
    digests = set()
    for limit in (100, 3000, 10**6):
        settings = FetchSettings(max_wait_ms=50, max_partition_bytes=limit)
        with KafkaConsumer(broker, settings=settings) as consumer:
            consumer.assign([TopicPartition("t", 0)])
            digest, records = hashlib.sha256(), 0
            while records < 500:
                for fetched in consumer.fetch():
                    digest.update(fetched.data)
                    records += fetched.records
            digests.add((digest.hexdigest(), records))
    assert len(digests) == 1


def test_a_record_larger_than_the_batch_size_goes_alone(broker: Address) -> None:
    values = [b"x" * 10_000, b"small", b"y" * 100_000]
    produce(broker, values)
    with KafkaConsumer(broker, settings=FetchSettings(50, max_partition_bytes=100)) as consumer:
        consumer.assign(consumer.partitions_for("t"))
        assert sorted(drain(consumer, 3)) == sorted(values)


def test_a_topic_that_is_not_there(broker: Address) -> None:
    with KafkaConsumer(broker) as consumer, pytest.raises(KafkaException, match="no topic 'other'"):
        consumer.partitions_for("other")


def test_an_offset_that_is_not_there(broker: Address) -> None:
    produce(broker, [b"1"])
    with KafkaConsumer(broker, settings=QUICK) as consumer:
        consumer.assign([TopicPartition("t", 0)])
        consumer.seek(TopicPartition("t", 0), 1000)
        with pytest.raises(KafkaException, match="at offset 1000: OFFSET_OUT_OF_RANGE"):
            consumer.fetch()


def test_a_damaged_batch_is_noticed(broker: Address, tmp_path: Path) -> None:
    produce(broker, [b"sound"])
    log = tmp_path / "data" / "t-0" / "00000000000000000000.log"
    data = log.read_bytes()
    with log.open("r+b") as file:
        file.seek(data.index(b"sound"))
        file.write(b"bound")
    with KafkaConsumer(broker, settings=QUICK) as consumer:
        consumer.assign([TopicPartition("t", 0)])
        with pytest.raises(KafkaException, match="t-0 is corrupt"):
            list(consumer.poll())


def test_a_partition_that_is_not_there(broker: Address) -> None:
    with KafkaProducer(broker) as producer, pytest.raises(KafkaException) as caught:
        producer.send("t", b"1", partition=9)
    assert str(caught.value) == "Topic 't' has 2 partitions and no partition 9."


def test_a_batch_that_the_broker_refuses(broker: Address) -> None:
    with KafkaProducer(broker) as producer:
        producer.send("t", b"x" * 2_000_000)
        with pytest.raises(KafkaException, match="refused a batch for t-0: MESSAGE_TOO_LARGE"):
            producer.flush()
