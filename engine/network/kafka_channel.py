"""One connection: its socket, the frame that is coming in, the send that is going out.

System calls: those of ``NetworkReceive`` and ``Send``; ``epoll_ctl`` when the interest changes.

Kafka: org.apache.kafka.common.network.KafkaChannel
"""

from engine.network.network_receive import NetworkReceive
from engine.network.network_send import NetworkSend
from engine.nio.selection_key import OP_READ, OP_WRITE, SelectionKey
from engine.nio.socket_channel import SocketChannel


class KafkaChannel:
    """A connection as a processor sees it."""

    def __init__(
        self, channel_id: str, socket: SocketChannel, key: SelectionKey, max_receive_size: int
    ) -> None:
        self.id = channel_id
        self.socket = socket
        self.key = key
        self.receive = NetworkReceive(max_receive_size)
        self._send: NetworkSend | None = None
        self._muted = False

    @property
    def muted(self) -> bool:
        """Whether nothing is read from the connection at present."""
        return self._muted

    @property
    def has_send(self) -> bool:
        """Whether a response is on its way."""
        return self._send is not None

    def mute(self) -> None:
        """Stop reading: a request of this connection is in work."""
        self._muted = True
        self.key.interest_ops &= ~OP_READ

    def unmute(self) -> None:
        """Read again."""
        self._muted = False
        self.key.interest_ops |= OP_READ

    def set_send(self, send: NetworkSend) -> None:
        """Begin a response; RuntimeError if the one before has not left."""
        if self._send is not None:
            raise RuntimeError(f"a send is still in progress on {self.id}")
        self._send = send
        self.key.interest_ops |= OP_WRITE

    def read(self) -> NetworkReceive | None:
        """Read on; the frame once it is whole. EOFError at the end of the stream."""
        if self.receive.complete:
            self.receive.reset()
        if self.receive.read_from(self.socket) < 0:
            raise EOFError
        return self.receive if self.receive.complete else None

    def write(self) -> NetworkSend | None:
        """Write on; the send once all of it has left, None while some is waiting."""
        if self._send is None:
            return None
        self._send.send.write_to(self.socket)
        if not self._send.send.completed:
            return None
        self.key.interest_ops &= ~OP_WRITE
        finished, self._send = self._send, None
        return finished

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
