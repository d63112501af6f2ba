"""Connections that go wrong, against real sockets: one sentence each."""

import socket

import pytest

from engine.clients.client_utils import Address, parse_address
from engine.clients.kafka_exception import KafkaException
from engine.clients.network_client import NetworkClient
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import (
    encode_response,
    encode_unsupported_api_versions,
    message_type,
)
from tests.engine.clients.conftest import Answers


def joined(parts: list[object]) -> bytes:
    return b"".join(part for part in parts if isinstance(part, bytes))


def announce(correlation_id: int, version: int, *ranges: tuple[int, int, int]) -> bytes:
    response = message_type("ApiVersionsResponse")
    body = response(api_keys=[response.ApiVersion(*range_) for range_ in ranges])
    return joined([*encode_response(ApiKeys.API_VERSIONS, version, correlation_id, body)])


def refusal(address: Address) -> str:
    with pytest.raises(KafkaException) as caught:
        NetworkClient(address, "me")
    return str(caught.value)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    text = refusal(Address("127.0.0.1", port))
    assert text.startswith(f"No broker answers at 127.0.0.1:{port} (Connection refused); start one")


def test_the_peer_closes_at_once(peer: Answers) -> None:
    assert refusal(peer([b""])).endswith("is gone: it closed the connection.")


def test_the_peer_closes_within_a_frame(peer: Answers) -> None:
    assert "is gone" in refusal(peer([b"\x00\x00\x00\x20half"]))


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request", b"\xff\xff\xff\xff", bytes(4)])
def test_the_peer_is_no_broker(peer: Answers, answer: bytes) -> None:
    assert refusal(peer([answer])).endswith("it is no Kafka broker.")


def test_an_unreadable_answer(peer: Answers) -> None:
    assert "answered API_VERSIONS unreadably" in refusal(peer([b"\x00\x00\x00\x06" + bytes(6)]))


def test_an_answer_to_another_request(peer: Answers) -> None:
    assert "answered request 77, 1 was asked" in refusal(peer([announce(77, 4, (18, 0, 4))]))


def test_an_older_broker_is_asked_again(peer: Answers) -> None:
    refused = joined([*encode_unsupported_api_versions(1)])
    address = peer([refused, announce(2, 0, (3, 1, 5), (18, 0, 2), (1, 50, 60))])
    with NetworkClient(address, "me") as client:
        assert client.version_of(ApiKeys.METADATA) == 5
        with pytest.raises(KafkaException, match="offers FETCH in versions 50-60"):
            client.version_of(ApiKeys.FETCH)
        with pytest.raises(KafkaException, match="offers PRODUCE in versions None"):
            client.version_of(ApiKeys.PRODUCE)


def test_the_broker_goes_away_later(peer: Answers) -> None:
    address = peer([announce(1, 4, (3, 0, 8))])
    with NetworkClient(address, "me") as client, pytest.raises(KafkaException, match="is gone"):
        client.send(ApiKeys.METADATA, message_type("MetadataRequest")())


@pytest.mark.parametrize("text", ["", "host", "host:", ":9", "h:0", "h:65536", "h:9x", "h:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("localhost:9092") == ("localhost", 9092)
    assert parse_address("[::1]:9092") == ("::1", 9092)
