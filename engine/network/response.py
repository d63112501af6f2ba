"""What a processor does when a request is done: send, send nothing, or close.

System calls: none.

Kafka: kafka.network.RequestChannel
"""

from dataclasses import dataclass

from engine.network.network_send import NetworkSend
from engine.network.request import Request


@dataclass(frozen=True, slots=True)
class Response:
    """The end of a request."""

    request: Request


@dataclass(frozen=True, slots=True)
class SendResponse(Response):
    """Bytes go back."""

    send: NetworkSend


@dataclass(frozen=True, slots=True)
class NoOpResponse(Response):
    """Nothing goes back; the next request may be read."""


@dataclass(frozen=True, slots=True)
class CloseConnectionResponse(Response):
    """The connection is closed."""
