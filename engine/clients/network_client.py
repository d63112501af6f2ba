"""A connection to one broker: a request goes out, its response comes back, one at a time.

    frame = size int32 | header | body          both ways

The receive buffer is kept and reused, so that a response is read without a copy; views into a
response are good until the next one is received.

System calls: ``socket``/``connect`` once; ``sendto`` or ``sendmsg`` a request; ``recvfrom`` for
the size and again for the rest, as often as the kernel hands out less.

Kafka: org.apache.kafka.clients.NetworkClient
"""

import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from engine.clients.client_utils import Address
from engine.clients.kafka_exception import KafkaException
from engine.common.errors import Errors
from engine.nio.socket_channel import SocketChannel
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.messages import encode_request, message_type, parse_response
from engine.protocol.request_header import RequestHeader
from engine.protocol.schema_exception import SchemaException
from engine.protocol.send_builder import Part
from engine.protocol.versions import VersionRange

CONNECT_TIMEOUT_S = 10.0
# Whoever answers with text ("HTTP" read as a size is 1.2 GB) is no broker.
LARGEST_RESPONSE = 512 * 1024 * 1024
_SIZE = struct.Struct(">i")
_ERROR_OF_FIRST_FIELD = struct.Struct(">4xh")


class NetworkClient:
    """Sends requests over one blocking connection and negotiates their versions."""

    def __init__(self, address: Address, client_id: str) -> None:
        self._address = address
        self._client_id = client_id
        self._correlation_id = 0
        self._buffer = memoryview(bytearray(64 * 1024))
        self.requests_sent = 0
        self._channel = self._connect()
        try:
            self._ranges = self._negotiate()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> Address:
        """The broker at the other end."""
        return self._address

    def version_of(self, api_key: ApiKeys) -> int:
        """The highest version that both ends know; KafkaException if there is none."""
        ours, theirs = SUPPORTED[api_key], self._ranges.get(api_key)
        highest = -1 if theirs is None else min(ours.highest, theirs.highest)
        if theirs is None or highest < max(ours.lowest, theirs.lowest):
            raise KafkaException(
                f"The broker at {self._address} offers {api_key.name} in versions {theirs}; "
                f"this client speaks {ours}."
            )
        return highest

    def send(self, api_key: ApiKeys, body: Any) -> Any:
        """Sends a request and waits for its response."""
        version = self.version_of(api_key)
        self._request(api_key, version, body)
        return self._response(api_key, version, self._receive())

    def send_only(self, api_key: ApiKeys, body: Any) -> None:
        """Sends a request that gets no response, as Produce with acks=0."""
        self._request(api_key, self.version_of(api_key), body)

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        self._channel.close()

    def _connect(self) -> SocketChannel:
        try:
            return SocketChannel.connect(*self._address, timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            reason = error.strerror or str(error)
            raise KafkaException(
                f"No broker answers at {self._address} ({reason}); start one with: "
                f"python -m engine broker --data-dir DIR --port {self._address.port}"
            ) from None

    def _negotiate(self) -> dict[int, VersionRange]:
        """What the broker announces, asked in our newest version and, if that is refused, in 0."""
        version = SUPPORTED[ApiKeys.API_VERSIONS].highest
        request = message_type("ApiVersionsRequest")("kafkascope", "1")
        self._request(ApiKeys.API_VERSIONS, version, request)
        frame = self._receive()
        if (
            len(frame) >= 6
            and _ERROR_OF_FIRST_FIELD.unpack_from(frame)[0] == Errors.UNSUPPORTED_VERSION
        ):
            version = 0
            self._request(ApiKeys.API_VERSIONS, version, request)
            frame = self._receive()
        body = self._response(ApiKeys.API_VERSIONS, version, frame)
        return {
            key.api_key: VersionRange(key.min_version, key.max_version) for key in body.api_keys
        }

    def _request(self, api_key: ApiKeys, version: int, body: Any) -> None:
        self._correlation_id = (self._correlation_id + 1) & 0x7FFFFFFF
        header = RequestHeader(api_key, version, self._correlation_id, self._client_id)
        try:
            self._write(encode_request(header, body))
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from None
        self.requests_sent += 1

    def _write(self, parts: Sequence[Part]) -> None:
        rest = [memoryview(part) for part in parts if isinstance(part, bytes | memoryview)]
        while rest:
            written = self._channel.write(rest)
            while rest and written >= len(rest[0]):
                written -= len(rest.pop(0))
            if rest:
                rest[0] = rest[0][written:]

    def _receive(self) -> memoryview:
        self._fill(4)
        (size,) = _SIZE.unpack_from(self._buffer)
        if not 4 <= size <= LARGEST_RESPONSE:
            raise KafkaException(
                f"{self._address} answered with a frame of {size} bytes; it is no Kafka broker."
            )
        if size > len(self._buffer):
            self._buffer = memoryview(bytearray(size))
        self._fill(size)
        return self._buffer[:size]

    def _fill(self, size: int) -> None:
        filled = 0
        while filled < size:
            try:
                count = self._channel.read_into(self._buffer[filled:size])
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from None
            if count < 0:
                raise self._lost("it closed the connection")
            filled += count

    def _lost(self, reason: str) -> KafkaException:
        return KafkaException(f"The broker at {self._address} is gone: {reason}.")

    def _response(self, api_key: ApiKeys, version: int, frame: memoryview) -> Any:
        try:
            correlation_id, body = parse_response(api_key, version, frame)
        except SchemaException as error:
            raise KafkaException(
                f"The broker at {self._address} answered {api_key.name} unreadably: {error}."
            ) from None
        if correlation_id != self._correlation_id:
            raise KafkaException(
                f"The broker at {self._address} answered request {correlation_id}, "
                f"{self._correlation_id} was asked."
            )
        return body
