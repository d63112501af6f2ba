"""One request, as it travels from a processor to a handler.

System calls: none.

Kafka: kafka.network.RequestChannel
"""

from dataclasses import dataclass
from typing import Any

from engine.protocol.request_header import RequestHeader


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded request and the connection that waits for its answer.

    ``body`` is the message struct of the header's API and version; record bytes in it are views
    into the connection's receive buffer and hold until the request is answered.
    """

    processor_id: int
    connection_id: str
    client_host: str
    header: RequestHeader
    body: Any
