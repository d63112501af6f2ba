"""What is encoded decodes to itself, for each version that is announced and each there is."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.message_codec import codec, message
from engine.protocol.messages import encode_request, encode_response, parse_request, parse_response
from engine.protocol.request_header import RequestHeader
from engine.protocol.schema_source import message_names
from tests.engine.protocol.values import encoded, messages

EVERY_VERSION = [(name, v) for name in message_names() for v in message(name)[0].versions]
ANNOUNCED = [(api_key, version) for api_key, range_ in SUPPORTED.items() for version in range_]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def frame_of(parts: list[Any]) -> memoryview:
    raw = b"".join(bytes(part) for part in parts)
    assert int.from_bytes(raw[:4], "big") == len(raw) - 4
    return memoryview(raw)[4:]


@pytest.mark.parametrize(("api_key", "version"), ANNOUNCED)
def test_announced_request(api_key: ApiKeys, version: int) -> None:
    @FEW
    @given(messages(f"{api_key.message_name}Request", version), st.none() | st.text(max_size=9))
    def check(body: Any, client_id: str | None) -> None:
        header = RequestHeader(api_key, version, 2**31 - 1, client_id)
        assert parse_request(frame_of(encode_request(header, body))) == (header, body)

    check()


@pytest.mark.parametrize(("api_key", "version"), ANNOUNCED)
def test_announced_response(api_key: ApiKeys, version: int) -> None:
    @FEW
    @given(messages(f"{api_key.message_name}Response", version), st.integers(0, 2**31 - 1))
    def check(body: Any, number: int) -> None:
        frame = frame_of(encode_response(api_key, version, number, body))
        assert parse_response(api_key, version, frame) == (number, body)

    check()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_version_of_every_message(data: st.DataObject) -> None:
    name, version = data.draw(st.sampled_from(EVERY_VERSION))
    body = data.draw(messages(name, version))
    raw = encoded(name, version, body)
    assert codec(name, version).decode(memoryview(raw)) == (body, len(raw))
