"""A million records by stock clients, in both directions, compared by checksum.

Repeat with: make soak.
"""

import hashlib
import itertools
import shutil
import subprocess
import time
from pathlib import Path

import confluent_kafka
import pytest

from tests.engine.server.broker import Broker, running

KCAT = shutil.which("kcat")
MILLION = 1_000_000
PATIENCE_SECONDS = 600
pytestmark = [
    pytest.mark.skipif(KCAT is None, reason="kcat is not installed: apt-get install kcat"),
    pytest.mark.timeout(1800),
]


def lines() -> list[bytes]:
    """A million lines, each unlike the others."""
    return [b"%d %s" % (index, b"abcdefghij" * (index % 9)) for index in range(MILLION)]


def kcat(broker: Broker, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run kcat to its end; what it printed."""
    assert KCAT is not None
    command = [KCAT, "-q", "-b", broker.address, *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, timeout=PATIENCE_SECONDS, check=True
    ).stdout


def produce_by_confluent(broker: Broker, topic: str, values: list[bytes]) -> None:
    """Produce all values in order; every one must be acknowledged."""
    failures: list[object] = []
    settings = {"bootstrap.servers": broker.address, "queue.buffering.max.messages": 2_000_000}
    producer = confluent_kafka.Producer(settings)
    for value in values:
        producer.produce(topic, value, on_delivery=lambda e, _: failures.append(e) if e else None)
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert not failures


def consume_by_confluent(broker: Broker, topic: str) -> str:
    """The SHA-256 of a million values, a line each."""
    digest, count = hashlib.sha256(), 0
    end = time.monotonic() + PATIENCE_SECONDS
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": broker.address, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        while count < MILLION:
            assert time.monotonic() < end, f"{count} of {MILLION} came"
            for message in consumer.consume(10_000, 0.5):
                assert message.error() is None, message.error()
                digest.update((message.value() or b"") + b"\n")
                count += 1
    finally:
        consumer.close()
    return digest.hexdigest()


def test_a_million_records_both_ways(tmp_path: Path) -> None:
    """By kcat and back by confluent-kafka, by confluent-kafka and back by kcat."""
    values = lines()
    text = b"".join(value + b"\n" for value in values)
    expected = hashlib.sha256(text).hexdigest()
    with running(tmp_path / "data") as broker:
        marks = [time.monotonic()]
        kcat(broker, "-P", "-t", "by-kcat", stdin=text)
        marks.append(time.monotonic())
        assert consume_by_confluent(broker, "by-kcat") == expected
        marks.append(time.monotonic())
        produce_by_confluent(broker, "by-confluent", values)
        marks.append(time.monotonic())
        received = kcat(broker, "-C", "-t", "by-confluent", "-o", "beginning", "-e")
        assert hashlib.sha256(received).hexdigest() == expected
        marks.append(time.monotonic())
    took = [f"{b - a:.1f} s" for a, b in itertools.pairwise(marks)]
    print(f"\n1 000 000 records, {len(text)} bytes: kcat in, confluent out, in, kcat out: {took}")
