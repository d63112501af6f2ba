"""A send with the connection it belongs to.

System calls: none of its own.

Kafka: org.apache.kafka.common.network.NetworkSend
"""

from dataclasses import dataclass

from engine.network.send import Send


@dataclass(frozen=True, slots=True)
class NetworkSend:
    """What goes to the connection ``destination_id``."""

    destination_id: str
    send: Send
