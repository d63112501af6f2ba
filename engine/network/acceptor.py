"""The thread that takes new connections of one listener and deals them out to the processors.

System calls: ``epoll_wait``, ``accept4``.

Kafka: kafka.network.Acceptor
"""

import logging
import threading
from collections.abc import Sequence

from engine.network.processor import Processor
from engine.nio.selection_key import OP_ACCEPT
from engine.nio.selector import Selector
from engine.nio.server_socket_channel import ServerSocketChannel
from engine.nio.socket_channel import SocketChannel

_log = logging.getLogger(__name__)

# Out of descriptors: the connection stays in the backlog and epoll would report it at once again.
_RETRY_SECONDS = 0.1


class Acceptor:
    """Round robin over the processors; waits only when every one of their queues is full."""

    def __init__(
        self, server: ServerSocketChannel, processors: Sequence[Processor], thread_name: str
    ) -> None:
        self._server = server
        self._processors = processors
        self._next = 0
        self._selector = Selector()
        self._selector.register(server, OP_ACCEPT)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def shutdown(self) -> None:
        """End the thread and stop listening."""
        self._stopping.set()
        self._selector.wakeup()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        self._selector.close()
        self._server.close()

    def run(self) -> None:
        """The thread: accepts until ``shutdown``."""
        while not self._stopping.is_set():
            if self._selector.select():
                self._accept_new_connections()

    def _accept_new_connections(self) -> None:
        while not self._stopping.is_set():
            try:
                socket = self._server.accept()
            except OSError as failure:
                _log.error("a connection could not be accepted: %s", failure)
                self._stopping.wait(_RETRY_SECONDS)
                return
            if socket is None:
                return
            self._assign(socket)

    def _assign(self, socket: SocketChannel) -> None:
        """Kafka's way: try each once without waiting, then wait for the last one."""
        count = len(self._processors)
        for attempt in range(count):
            processor = self._processors[self._next]
            self._next = (self._next + 1) % count
            if processor.accept(socket, may_block=attempt == count - 1):
                return
