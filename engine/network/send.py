"""Something that is being sent: it remembers how far it has come.

System calls: those of the implementation.

Kafka: org.apache.kafka.common.network.Send
"""

from typing import Protocol

from engine.nio.socket_channel import SocketChannel


class Send(Protocol):
    """Bytes on their way to one socket, in as many steps as the socket needs."""

    @property
    def completed(self) -> bool:
        """Whether everything has been handed to the socket."""
        ...

    def write_to(self, channel: SocketChannel) -> int:
        """Hand over as much as the socket takes now; return the bytes taken, 0 if it would block."""
        ...

    def size(self) -> int:
        """All bytes of this send."""
        ...
