"""The network side of the broker: one listener, its acceptor and its processors.

System calls: ``socket``, ``bind``, ``listen`` at start; the threads' own afterwards.

Kafka: kafka.network.SocketServer
"""

from dataclasses import dataclass

from engine.network.acceptor import Acceptor
from engine.network.processor import Processor
from engine.network.request_channel import RequestChannel
from engine.nio.server_socket_channel import ServerSocketChannel

_LISTENER = "ListenerName(PLAINTEXT)-PLAINTEXT"


@dataclass(frozen=True, slots=True)
class SocketServerConfigs:
    """The properties that the network side needs; sizes in bytes, times in milliseconds."""

    host: str
    port: int
    num_network_threads: int
    max_request_size: int
    connections_max_idle_ms: int
    listen_backlog: int
    receive_buffer: int


class SocketServer:
    """Binds at construction, so that a busy port is known before anything else starts."""

    def __init__(self, config: SocketServerConfigs, request_channel: RequestChannel) -> None:
        self._server = ServerSocketChannel.bind(
            config.host,
            config.port,
            backlog=config.listen_backlog,
            receive_buffer=config.receive_buffer,
        )
        self.bound_port = self._server.local_address[1]
        self._processors = tuple(
            Processor(
                index,
                request_channel,
                f"data-plane-kafka-network-thread-0-{_LISTENER}-{index}",
                config.max_request_size,
                config.connections_max_idle_ms,
            )
            for index in range(config.num_network_threads)
        )
        for processor in self._processors:
            request_channel.add_processor(processor.id, processor)
        self._acceptor = Acceptor(
            self._server, self._processors, f"kafka-socket-acceptor-{_LISTENER}-{self.bound_port}"
        )

    def enable_request_processing(self) -> None:
        """Start the threads: from now on requests are read."""
        for processor in self._processors:
            processor.start()
        self._acceptor.start()

    def stop_processing_requests(self) -> None:
        """Stop accepting, end the threads, close every connection."""
        self._acceptor.shutdown()
        for processor in self._processors:
            processor.shutdown()

    def close(self) -> None:
        """Give back what was never started."""
        self._acceptor.close()
        for processor in self._processors:
            processor.close()
