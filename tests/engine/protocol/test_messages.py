"""Headers, versions, records by reference: what servers and clients rely on."""

import threading
from typing import Any

import pytest

from engine.common.errors import Errors, InvalidRequestException, UnsupportedVersionException
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.message_codec import MessageCodec, codec
from engine.protocol.messages import (
    encode_request,
    encode_response,
    encode_unsupported_api_versions,
    is_supported,
    message_type,
    parse_request,
    parse_response,
    preload,
)
from engine.protocol.request_header import RequestHeader
from engine.protocol.schema_exception import SchemaException
from engine.protocol.schema_source import message_names


class Elsewhere:
    """Records that lie in a file."""

    def __init__(self, size: int) -> None:
        self.size = size

    def size_in_bytes(self) -> int:
        return self.size


def fetch_response(*records: Any) -> Any:
    response = message_type("FetchResponse")
    partitions = [
        response.PartitionData(partition_index=i, records=r) for i, r in enumerate(records)
    ]
    return response(responses=[response.FetchableTopicResponse(topic="t", partitions=partitions)])


def produce_request(records: Any) -> Any:
    request = message_type("ProduceRequest")
    data = request.PartitionProduceData(index=0, records=records)
    return request(acks=1, topic_data=[request.TopicProduceData(name="t", partition_data=[data])])


@pytest.mark.parametrize("version", list(SUPPORTED[ApiKeys.FETCH]))
def test_a_slice_of_a_file_goes_out_by_reference(version: int) -> None:
    first, second = Elsewhere(1000), Elsewhere(24)
    parts = encode_response(ApiKeys.FETCH, version, 5, fetch_response(first, second))
    assert [type(part) for part in parts] == [bytes, Elsewhere, bytes, Elsewhere]
    assert parts[1] is first
    assert parts[3] is second
    head, between = bytes(parts[0]), bytes(parts[2])  # type: ignore[arg-type]  # checked above
    assert int.from_bytes(head[:4], "big") == len(head) - 4 + 1000 + len(between) + 24
    assert head[-4:] == (1000).to_bytes(4, "big")
    assert between[-4:] == (24).to_bytes(4, "big")


def test_a_flexible_fetch_response_goes_out_by_reference() -> None:
    records = Elsewhere(300)
    parts = encode_response(ApiKeys.FETCH, 12, 5, fetch_response(records))
    assert parts[1] is records
    assert bytes(parts[0])[-2:] == b"\xad\x02"  # type: ignore[arg-type]  # 301 as a varint


def test_no_part_is_empty() -> None:
    parts = encode_response(ApiKeys.FETCH, 11, 5, fetch_response(Elsewhere(0), None, b""))
    assert len(parts) == 1


@pytest.mark.parametrize("version", list(SUPPORTED[ApiKeys.PRODUCE]))
def test_records_are_read_as_a_view_of_the_frame(version: int) -> None:
    header = RequestHeader(ApiKeys.PRODUCE, version, 5, "me")
    raw = bytearray(b"".join(encode_request(header, produce_request(b"first"))))  # type: ignore[arg-type]  # bytes only
    _, body = parse_request(memoryview(raw)[4:])
    records = body.topic_data[0].partition_data[0].records
    assert records.obj is raw
    records[:] = b"other"
    assert bytes(raw).endswith(b"other")


def test_records_given_as_bytes_are_not_copied() -> None:
    data = b"x" * 5000
    parts = encode_request(RequestHeader(ApiKeys.PRODUCE, 8, 5), produce_request(data))
    assert isinstance(parts[1], memoryview)
    assert parts[1].obj is data


def test_an_unknown_api_key() -> None:
    with pytest.raises(InvalidRequestException, match="unknown API key 999"):
        parse_request(memoryview(b"\x03\xe7" + bytes(8)))


@pytest.mark.parametrize("version", [-1, 9, 99])
def test_a_version_that_is_not_announced(version: int) -> None:
    raw = b"\x00\x00" + version.to_bytes(2, "big", signed=True) + bytes(10)
    with pytest.raises(UnsupportedVersionException, match=f"version {version} of PRODUCE"):
        parse_request(memoryview(raw))


@pytest.mark.parametrize("version", [5, 99])
def test_an_api_versions_request_from_the_future(version: int) -> None:
    raw = b"\x00\x12" + version.to_bytes(2, "big") + b"\x00\x00\x00\x07\x00\x02me\x00\xffwhatever"
    header, _ = parse_request(memoryview(raw))
    assert header == RequestHeader(ApiKeys.API_VERSIONS, version, 7, "me")
    assert not is_supported(header)
    (answer,) = encode_unsupported_api_versions(header.correlation_id)
    number, body = parse_response(ApiKeys.API_VERSIONS, 0, memoryview(answer)[4:])  # type: ignore[arg-type]  # bytes
    assert number == 7
    assert body.error_code == Errors.UNSUPPORTED_VERSION
    assert [(key.api_key, key.min_version, key.max_version) for key in body.api_keys] == [
        (18, 0, 4)
    ]


@pytest.mark.parametrize("version", [3, 4])
def test_an_api_versions_response_has_the_plain_header_and_no_tags(version: int) -> None:
    response = message_type("ApiVersionsResponse")
    body = response(api_keys=[response.ApiVersion(18, 0, 4)])
    (raw,) = encode_response(ApiKeys.API_VERSIONS, version, 7, body)
    assert raw == bytes.fromhex("00000013 00000007 0000 02 0012 0000 0004 00 00000000 00")


def test_a_flexible_request_still_has_the_plain_client_id() -> None:
    body = message_type("ApiVersionsRequest")("a", "b")
    (raw,) = encode_request(RequestHeader(ApiKeys.API_VERSIONS, 3, 7, "me"), body)
    assert raw == bytes.fromhex("00000012 0012 0003 00000007 0002 6d65 00 02 61 02 62 00")


def test_a_tag_is_left_out_at_its_default_and_written_otherwise() -> None:
    response = message_type("FetchResponse")
    plain = response.PartitionData()
    other = response.PartitionData(current_leader=response.LeaderIdAndEpoch(3, 4))

    def size(partition: Any) -> int:
        topic = response.FetchableTopicResponse(topic="t", partitions=[partition])
        (raw,) = encode_response(ApiKeys.FETCH, 12, 1, response(responses=[topic]))
        return len(raw)  # type: ignore[arg-type]  # bytes

    # tag, size, leader id, leader epoch, an empty tag section
    assert size(other) == size(plain) + 1 + 1 + 4 + 4 + 1


def test_defaults_come_from_the_schema() -> None:
    request = message_type("FetchRequest")()
    assert (request.max_bytes, request.session_epoch, request.rack_id) == (0x7FFFFFFF, -1, "")
    assert message_type("MetadataRequest")().allow_auto_topic_creation is True
    assert message_type("MetadataResponse")().cluster_id is None
    assert message_type("CreateTopicsRequest")().timeout_ms == 60_000


def test_two_messages_share_no_list() -> None:
    request = message_type("FetchRequest")
    request().topics.append(1)
    assert request().topics == []


def test_a_misspelt_attribute_is_an_error() -> None:
    body = message_type("HeartbeatResponse")()
    with pytest.raises(AttributeError):
        body.eror_code = 1


def test_every_api_key_has_its_schemas() -> None:
    stems = {name.removesuffix("Request") for name in message_names() if name.endswith("Request")}
    assert {key.message_name for key in ApiKeys} == stems


def test_a_version_that_does_not_exist() -> None:
    with pytest.raises(SchemaException, match="HeartbeatRequest has versions 0-4, not 5"):
        MessageCodec("HeartbeatRequest", 5)


def test_threads_that_name_a_message_together_get_one_class() -> None:
    found: list[tuple[Any, Any]] = []
    together = threading.Barrier(8)

    def name_it() -> None:
        together.wait()
        found.append((message_type("DescribeQuorumResponse"), codec("DescribeQuorumResponse", 1)))

    threads = [threading.Thread(target=name_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_preload_makes_every_announced_version() -> None:
    preload(SUPPORTED)
