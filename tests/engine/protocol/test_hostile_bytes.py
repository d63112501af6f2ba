"""Bytes that follow no schema: one kind of exception, and no memory beyond the frame's size."""

import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.common.errors import ApiException
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.message_codec import codec
from engine.protocol.messages import encode_request, message_type, parse_request
from engine.protocol.request_header import RequestHeader
from engine.protocol.schema_exception import SchemaException
from tests.engine.protocol.test_round_trip import EVERY_VERSION
from tests.engine.protocol.values import encoded, messages

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(st.data())
def test_a_shortened_message_is_refused(data: st.DataObject) -> None:
    name, version = data.draw(st.sampled_from(EVERY_VERSION))
    raw = encoded(name, version, data.draw(messages(name, version)))
    if raw:
        cut = data.draw(st.integers(0, len(raw) - 1))
        with pytest.raises(SchemaException):
            codec(name, version).decode(memoryview(raw)[:cut])


@MANY
@given(st.data())
def test_a_damaged_message_is_read_or_refused(data: st.DataObject) -> None:
    name, version = data.draw(st.sampled_from(EVERY_VERSION))
    raw = bytearray(encoded(name, version, data.draw(messages(name, version))))
    for position in data.draw(st.lists(st.integers(0, max(len(raw) - 1, 0)), max_size=4)):
        if raw:
            raw[position] = data.draw(st.integers(0, 255))
    try:
        _, end = codec(name, version).decode(memoryview(raw))
    except SchemaException:
        return
    assert end <= len(raw)


@MANY
@given(
    st.sampled_from(list(SUPPORTED)), st.integers(-1, 20), st.binary(max_size=200), st.booleans()
)
def test_noise_after_a_header(api_key: ApiKeys, version: int, noise: bytes, high: bool) -> None:
    head = int(api_key).to_bytes(2, "big") + version.to_bytes(2, "big", signed=True)
    number = b"\xff\xff\xff\xff" if high else bytes(4)
    try:
        parse_request(memoryview(head + number + b"\xff\xff" + noise))
    except (SchemaException, ApiException):
        return


def test_random_frames() -> None:
    source = random.Random(1)
    for _ in range(2000):
        frame = memoryview(source.randbytes(source.randrange(64)))
        try:
            parse_request(frame)
        except (SchemaException, ApiException):
            continue


def peak_of(frame: bytes) -> int:
    """Bytes of memory taken at most while a frame is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(SchemaException):
            parse_request(memoryview(frame))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [b"\x7f\xff\xff\xff", b"\x00\x10\x00\x00"])
def test_a_huge_array_is_refused_before_it_is_made(count: bytes) -> None:
    codec("MetadataRequest", 1)
    head = b"\x00\x03\x00\x01\x00\x00\x00\x00\xff\xff"
    assert peak_of(head + count + b"\x00\x01a") < 20_000


def test_a_huge_compact_array_is_refused_before_it_is_made() -> None:
    with pytest.raises(SchemaException, match="Topics says 8589934588 bytes, 20 are left"):
        codec("MetadataRequest", 9).decode(memoryview(b"\xff\xff\xff\xff\x0f" + bytes(20)))


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff\x1f\x00", b"\x80\x80\x80\x80\x80\x00"])
def test_a_varint_over_32_bits_is_refused(raw: bytes) -> None:
    with pytest.raises(SchemaException, match="varint"):
        codec("MetadataRequest", 9).decode(memoryview(raw + bytes(20)))


def test_a_length_beyond_the_frame_does_not_shorten_the_string() -> None:
    with pytest.raises(SchemaException, match="says 9 bytes, 3 are left"):
        codec("HeartbeatRequest", 0).decode(memoryview(b"\x00\x09abc"))


def test_text_that_is_not_utf_8() -> None:
    with pytest.raises(SchemaException, match="UTF-8"):
        codec("HeartbeatRequest", 0).decode(memoryview(b"\x00\x01\xff" + bytes(20)))


@pytest.mark.parametrize("size", [2, 4])
def test_a_tagged_field_of_the_wrong_size(size: int) -> None:
    # FetchRequest v12's tag 0 is a compact string: "\x03ab" is three bytes.
    version, name = 12, "FetchRequest"
    raw = encoded(name, version, message_type(name)(cluster_id="ab"))
    assert raw.endswith(b"\x01\x00\x03\x03ab")
    damaged = raw[:-4] + bytes((size,)) + b"\x03ab\x00"
    with pytest.raises(SchemaException):
        codec(name, version).decode(memoryview(damaged))


def body_with(**fields: Any) -> Any:
    return message_type("HeartbeatRequest")(**fields)


@pytest.mark.parametrize(
    "body",
    [
        body_with(group_id=None),
        body_with(group_id=7),
        body_with(group_id="\ud800"),
        body_with(group_id="x" * 40_000),
        body_with(generation_id=2**31),
        body_with(generation_id="1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(body: Any) -> None:
    with pytest.raises(SchemaException):
        encode_request(RequestHeader(ApiKeys.HEARTBEAT, 0, 1), body)
