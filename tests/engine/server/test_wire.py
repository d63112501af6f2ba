"""The broker on the wire: order, frames cut anywhere, nonsense, limits, long polls."""

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.common.errors import Errors
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.messages import message_type, parse_response
from tests.engine.server.broker import (
    Broker,
    Wire,
    api_versions,
    batch,
    create_topic,
    fetch_body,
    fetched,
    frame,
    produce,
    produce_body,
    running,
    wait_until,
)

LIMIT = 4 << 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests of this module: each must leave it in order."""
    directory = tmp_path_factory.mktemp("wire") / "data"
    with running(directory, f"socket.request.max.bytes={LIMIT}") as broker:
        yield broker


def serves(broker: Broker) -> bool:
    """Whether a new connection is answered."""
    with Wire(broker) as wire:
        return bool(wire.call(ApiKeys.API_VERSIONS, 3, api_versions()).error_code == 0)


@pytest.mark.parametrize("version", range(5))
def test_api_versions_says_what_is_served(broker: Broker, version: int) -> None:
    with Wire(broker) as wire:
        answer = wire.call(ApiKeys.API_VERSIONS, version, api_versions())
    ranges = {key.api_key: (key.min_version, key.max_version) for key in answer.api_keys}
    assert answer.error_code == 0
    assert ranges[ApiKeys.PRODUCE] == (0, 8)
    assert ranges[ApiKeys.FETCH] == (4, 11)
    assert ApiKeys.END_TXN not in ranges


def test_too_new_api_versions_is_answered_in_version_0(broker: Broker) -> None:
    header = struct.pack(">hhih4sb", ApiKeys.API_VERSIONS, 99, 41, 4, b"test", 0)
    with Wire(broker) as wire:
        wire.send(struct.pack(">i", len(header)) + header)
        correlation_id, answer = parse_response(
            ApiKeys.API_VERSIONS, 0, memoryview(wire.receive_frame())
        )
        assert (correlation_id, answer.error_code) == (41, Errors.UNSUPPORTED_VERSION)
        assert [key.api_key for key in answer.api_keys] == [ApiKeys.API_VERSIONS]
        assert wire.call(ApiKeys.API_VERSIONS, 0, api_versions()).error_code == 0


def test_pipelined_requests_are_answered_in_order(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "pipeline")
        requests = []
        for index in range(100):
            key, version, body = (
                (ApiKeys.API_VERSIONS, 3, api_versions())
                if index % 3
                else (ApiKeys.PRODUCE, 8, produce_body("pipeline", batch([b"%d" % index])))
            )
            requests.append(frame(key, version, body, correlation_id=index))
        wire.send(b"".join(requests))
        answered = [struct.unpack(">i", wire.receive_frame()[:4])[0] for _ in requests]
    assert answered == list(range(100))


def test_a_frame_may_come_byte_by_byte(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "bytes")
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(ApiKeys.PRODUCE, 8, produce_body("bytes", batch([b"slowly"]))):
            wire.send(bytes([byte]))
        answer = parse_response(ApiKeys.PRODUCE, 8, memoryview(wire.receive_frame()))[1]
        assert answer.responses[0].partition_responses[0].error_code == 0
        records = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("bytes", 0))).records
        assert b"slowly" in bytes(records)


def test_acks_0_gets_no_answer(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "quiet")
        wire.send(frame(ApiKeys.PRODUCE, 8, produce_body("quiet", batch([b"a"]), acks=0)))
        assert wire.call(ApiKeys.API_VERSIONS, 0, api_versions()).error_code == 0
        answer = wire.call(ApiKeys.FETCH, 11, fetch_body("quiet", 0, wait_ms=5000))
    assert fetched(answer).high_watermark == 1


def test_acks_0_that_fails_closes_the_connection(broker: Broker) -> None:
    with Wire(broker) as wire:
        wire.send(
            frame(ApiKeys.PRODUCE, 8, produce_body("nobody.made.this", batch([b"a"]), acks=0))
        )
        assert wire.receive_frame() == b""
    wait_until(lambda: "acks=0 failed" in broker.log, "a log line")


def nonsense() -> Iterator[bytes]:
    """Frames that no client sends, each to be sent on a connection of its own."""
    good = frame(ApiKeys.PRODUCE, 8, produce_body("t", batch([b"value"])))[4:]
    yield struct.pack(">i", -1)
    yield struct.pack(">i", LIMIT + 1)
    yield struct.pack(">i", 0x7FFFFFFF)
    yield b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n"
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    for size in (0, 1, 3, 8, 9, 13):
        yield struct.pack(">i", size) + good[:size]
    for key, version in ((999, 0), (-1, 0), (0, 99), (1, -1), (3, 3000)):
        body = struct.pack(">hhih", key, version, 1, -1)
        yield struct.pack(">i", len(body)) + body
    random.seed(20)
    for _ in range(60):
        mutated = bytearray(good)
        for _ in range(random.randint(1, 8)):
            mutated[random.randrange(len(mutated))] = random.randrange(256)
        cut = random.randint(1, len(mutated))
        yield struct.pack(">i", cut) + mutated[:cut]
    for _ in range(60):
        size = random.randint(0, 200)
        yield struct.pack(">i", size) + random.randbytes(size)


def test_nonsense_harms_nobody(broker: Broker) -> None:
    with Wire(broker) as bystander:
        for data in nonsense():
            with Wire(broker) as wire:
                wire.send(data)
                # A connection that waits for the rest of a frame ends here, with what it has;
                # one that the broker has reset already is not connected any more.
                with contextlib.suppress(OSError):
                    wire.socket.shutdown(socket.SHUT_WR)
                wire.receive_frame()
        assert bystander.call(ApiKeys.API_VERSIONS, 3, api_versions()).error_code == 0
    assert serves(broker)
    assert "size = 2147483647 larger than 4194304" in broker.log
    assert "Traceback" not in broker.log


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), Errors.CORRUPT_MESSAGE),
        (lambda b: b[:-3], Errors.CORRUPT_MESSAGE),
        (lambda b: b[:16] + b"\x01" + b[17:], None),
        (lambda _: b"", Errors.INVALID_RECORD),
    ],
)
def test_broken_batches_are_refused(broker: Broker, damage: object, error: Errors | None) -> None:
    assert callable(damage)
    with Wire(broker) as wire:
        create_topic(wire, "broken")
        code = produce(wire, "broken", damage(batch([b"some value"]))).error_code
        assert code == error if error else code != 0
        answer = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("broken", 0)))
    assert (answer.error_code, answer.high_watermark) == (0, 0)


def test_a_batch_over_max_message_bytes_is_refused(broker: Broker) -> None:
    with Wire(broker) as wire:
        assert create_topic(wire, "small", max_message_bytes="1000") == 0
        assert produce(wire, "small", batch([bytes(2000)])).error_code == Errors.MESSAGE_TOO_LARGE
        assert produce(wire, "small", batch([bytes(500)])).error_code == 0


def test_errors_a_producer_is_told(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "told")
        unknown = produce(wire, "nowhere", batch([b"x"])).error_code
        old = produce(wire, "told", batch([b"x"]), version=2).error_code
        body = produce_body("told", batch([b"x"]), acks=5)
        acks = wire.call(ApiKeys.PRODUCE, 8, body).responses[0].partition_responses[0].error_code
    assert unknown == Errors.UNKNOWN_TOPIC_OR_PARTITION
    assert old == Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT
    assert acks == Errors.INVALID_REQUIRED_ACKS


def test_fetch_limits_yet_one_whole_batch(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "limits")
        one = batch([bytes(1000)])
        for _ in range(5):
            produce(wire, "limits", one)
        tiny = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("limits", 0, max_bytes=1)))
        three = fetched(
            wire.call(ApiKeys.FETCH, 11, fetch_body("limits", 1, max_bytes=3 * len(one) + 5))
        )
        beyond = fetched(wire.call(ApiKeys.FETCH, 11, fetch_body("limits", 6)))
    assert len(tiny.records) == len(one)
    assert 3 * len(one) <= len(three.records) <= 3 * len(one) + 5
    assert beyond.error_code == Errors.OFFSET_OUT_OF_RANGE


def test_a_long_poll_is_released_by_the_append(broker: Broker) -> None:
    with Wire(broker) as consumer, Wire(broker) as producer:
        create_topic(producer, "poll")
        # Far beyond the test's own deadline: only the append can end this wait in time.
        consumer.send(frame(ApiKeys.FETCH, 11, fetch_body("poll", 0, wait_ms=600_000)))
        consumer.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            consumer.socket.recv(1)
        consumer.socket.settimeout(20)
        produce(producer, "poll", batch([b"here"]))
        answer = parse_response(ApiKeys.FETCH, 11, memoryview(consumer.receive_frame()))[1]
    assert b"here" in bytes(fetched(answer).records)


def test_a_long_poll_waits_for_min_bytes_and_ends_by_time(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "patience")
        produce(wire, "patience", batch([b"too little"]))
        body = fetch_body("patience", 0, wait_ms=300, min_bytes=1 << 20)
        answer = fetched(wire.call(ApiKeys.FETCH, 11, body))
    assert b"too little" in bytes(answer.records)


def test_a_client_that_leaves_during_its_long_poll_costs_nothing(broker: Broker) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "left")
        wire.send(frame(ApiKeys.FETCH, 11, fetch_body("left", 0, wait_ms=600_000)))
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert serves(broker)
    before = broker.cpu_seconds()
    threading.Event().wait(0.5)
    assert broker.cpu_seconds() - before < 0.2
    with Wire(broker) as wire:
        produce(wire, "left", batch([b"releases it"]))
    assert serves(broker)


def test_a_slow_consumer_holds_up_nobody(tmp_path: Path) -> None:
    with running(tmp_path / "data", "num.network.threads=1") as broker, Wire(broker) as slow:
        create_topic(slow, "big")
        for _ in range(24):
            produce(slow, "big", batch([random.randbytes(1_000_000)]))
        slow.send(frame(ApiKeys.FETCH, 11, fetch_body("big", 0)))
        head = slow.socket.recv(4)
        for _ in range(50):
            assert serves(broker)
        rest = slow._receive(struct.unpack(">i", head)[0])
        answer = fetched(parse_response(ApiKeys.FETCH, 11, memoryview(rest))[1])
    assert len(answer.records) > 24_000_000


def test_list_offsets(broker: Broker) -> None:
    request = message_type("ListOffsetsRequest")

    def ask(wire: Wire, timestamp: int) -> tuple[int, int]:
        partition = request.ListOffsetsPartition(partition_index=0, timestamp=timestamp)
        topic = request.ListOffsetsTopic(name="offsets", partitions=[partition])
        answer = wire.call(ApiKeys.LIST_OFFSETS, 5, request(replica_id=-1, topics=[topic]))
        found = answer.topics[0].partitions[0]
        assert found.error_code == 0
        return found.timestamp, found.offset

    with Wire(broker) as wire:
        create_topic(wire, "offsets")
        produce(wire, "offsets", batch([b"a", b"b"]))
        produce(wire, "offsets", batch([b"c"]))
        assert ask(wire, -1) == (-1, 3)
        assert ask(wire, -2) == (-1, 0)
        assert ask(wire, 1_700_000_000_000) == (1_700_000_000_000, 0)
        assert ask(wire, 1_800_000_000_000) == (-1, -1)


def test_metadata_creates_only_when_asked(broker: Broker) -> None:
    request = message_type("MetadataRequest")

    def ask(wire: Wire, name: str, *, create: bool) -> int:
        topics = [request.MetadataRequestTopic(name=name)]
        body = request(topics=topics, allow_auto_topic_creation=create)
        return int(wire.call(ApiKeys.METADATA, 8, body).topics[0].error_code)

    with Wire(broker) as wire:
        assert ask(wire, "auto", create=False) == Errors.UNKNOWN_TOPIC_OR_PARTITION
        assert ask(wire, "auto", create=True) == 0
        assert ask(wire, "auto", create=False) == 0
        assert ask(wire, "no/slash", create=True) == Errors.INVALID_TOPIC_EXCEPTION


@pytest.mark.parametrize("version", list(SUPPORTED[ApiKeys.FETCH]))
def test_every_fetch_version(broker: Broker, version: int) -> None:
    with Wire(broker) as wire:
        create_topic(wire, "versions")
        produce(wire, "versions", batch([b"same in all versions"]), version=min(8, version))
        answer = fetched(wire.call(ApiKeys.FETCH, version, fetch_body("versions", 0)))
    assert b"same in all versions" in bytes(answer.records)
