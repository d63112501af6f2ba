"""Requests and responses as frames: what a server and a client need of this package.

A frame is what follows its four bytes of size. Parts are what a channel sends in order.

System calls: none; ``message_codec`` says when a schema file is read.

Kafka: org.apache.kafka.common.requests.RequestUtils
"""

import struct
from collections.abc import Iterable
from typing import Any

from engine.common.errors import Errors, InvalidRequestException, UnsupportedVersionException
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.message_codec import codec, message
from engine.protocol.request_header import RequestHeader
from engine.protocol.schema_exception import SchemaException
from engine.protocol.send_builder import Part, build_send

_KEY_AND_VERSION = struct.Struct(">hh")


def message_type(name: str) -> Any:
    """The class of a message such as ``FetchResponse``; nested structs are its attributes."""
    return message(name)[1].root


def is_supported(header: RequestHeader) -> bool:
    """Whether the version of the request lies in the announced range."""
    return header.api_version in SUPPORTED.get(header.api_key, ())


def parse_request(frame: memoryview) -> tuple[RequestHeader, Any]:
    """The header and the body of a request.

    Records stay views of ``frame``, so that it must not be reused before they are dealt with.
    An ApiVersions request of an unknown version comes back with an empty body (see
    ``is_supported`` and ``encode_unsupported_api_versions``). Raises SchemaException,
    InvalidRequestException for an unknown key, UnsupportedVersionException.
    """
    frame = frame.cast("B")
    api_key, version = _key_and_version(frame)
    request = f"{api_key.message_name}Request"
    opening, position = codec("RequestHeader", _request_header_version(api_key, version)).decode(
        frame
    )
    header = RequestHeader(api_key, version, opening.correlation_id, opening.client_id)
    if is_supported(header):
        return header, codec(request, version).decode(frame, position)[0]
    if api_key is ApiKeys.API_VERSIONS:
        return header, message_type(request)()
    raise UnsupportedVersionException(f"version {version} of {api_key.name} is not supported")


def encode_response(api_key: ApiKeys, version: int, correlation_id: int, body: Any) -> list[Part]:
    """The response as parts; the first opens with the frame's size."""
    pieces: list[Any] = []
    header = message_type("ResponseHeader")(correlation_id)
    codec("ResponseHeader", _response_header_version(api_key, version)).encode(
        header, pieces.append
    )
    codec(f"{api_key.message_name}Response", version).encode(body, pieces.append)
    return build_send(pieces)


def encode_unsupported_api_versions(correlation_id: int) -> list[Part]:
    """The answer to an ApiVersions request of an unknown version: v0, so that anyone can read it.

    It names the range of ApiVersions itself, from which the client picks its next try (KIP-511).
    """
    response = message_type("ApiVersionsResponse")
    own = SUPPORTED[ApiKeys.API_VERSIONS]
    entry = response.ApiVersion(ApiKeys.API_VERSIONS, own.lowest, own.highest)
    body = response(Errors.UNSUPPORTED_VERSION, [entry])
    return encode_response(ApiKeys.API_VERSIONS, 0, correlation_id, body)


def encode_request(header: RequestHeader, body: Any) -> list[Part]:
    """The request as parts; the first opens with the frame's size."""
    pieces: list[Any] = []
    opening = message_type("RequestHeader")(
        header.api_key, header.api_version, header.correlation_id, header.client_id
    )
    version = _request_header_version(header.api_key, header.api_version)
    codec("RequestHeader", version).encode(opening, pieces.append)
    name = f"{header.api_key.message_name}Request"
    codec(name, header.api_version).encode(body, pieces.append)
    return build_send(pieces)


def parse_response(api_key: ApiKeys, version: int, frame: memoryview) -> tuple[int, Any]:
    """The correlation id and the body of a response; SchemaException if it is malformed."""
    frame = frame.cast("B")
    header, position = codec("ResponseHeader", _response_header_version(api_key, version)).decode(
        frame
    )
    return header.correlation_id, codec(f"{api_key.message_name}Response", version).decode(
        frame, position
    )[0]


def preload(api_keys: Iterable[ApiKeys], *, newest_only: bool = False) -> None:
    """Makes the codecs of all announced versions now, so that no request waits for them."""
    for version in (0, 1):
        codec("ResponseHeader", version)
        codec("RequestHeader", version + 1)
    for api_key in api_keys:
        versions = SUPPORTED[api_key]
        for version in (versions.highest,) if newest_only else versions:
            codec(f"{api_key.message_name}Request", version)
            codec(f"{api_key.message_name}Response", version)


def _key_and_version(frame: memoryview) -> tuple[ApiKeys, int]:
    try:
        number, version = _KEY_AND_VERSION.unpack_from(frame)
    except struct.error:
        raise SchemaException(f"a frame of {len(frame)} bytes holds no request") from None
    try:
        return ApiKeys(number), version
    except ValueError:
        raise InvalidRequestException(f"unknown API key {number}") from None


def _is_flexible(name: str, version: int) -> bool:
    return version in message(name)[0].flexible


def _request_header_version(api_key: ApiKeys, version: int) -> int:
    return 2 if _is_flexible(f"{api_key.message_name}Request", version) else 1


def _response_header_version(api_key: ApiKeys, version: int) -> int:
    """ApiVersions answers always open with header 0: the client cannot know better yet (KIP-511)."""
    if api_key is ApiKeys.API_VERSIONS:
        return 0
    return 1 if _is_flexible(f"{api_key.message_name}Response", version) else 0
