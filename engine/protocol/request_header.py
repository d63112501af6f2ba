"""What opens every request.

    api key         int16
    api version     int16
    correlation id  int32
    client id       nullable string, never compact
    tag section     only before a flexible body (header version 2, KIP-482)

System calls: none.

Kafka: org.apache.kafka.common.requests.RequestHeader
"""

from dataclasses import dataclass

from engine.protocol.api_keys import ApiKeys


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """Who asks for what; ``correlation_id`` comes back in the response."""

    api_key: ApiKeys
    api_version: int
    correlation_id: int
    client_id: str | None = None
