"""A network thread: reads requests from its connections and writes their responses.

One turn of the loop is Kafka's, in Kafka's order::

    configure_new_connections -> process_new_responses -> poll -> process_completed_receives
        -> process_completed_sends -> process_disconnected

A connection is muted from the moment its request is whole until its response has left. So requests
of one connection are answered in order, and a client cannot fill the queue by itself.

System calls: ``epoll_wait`` (poll), ``recvfrom``, ``sendto``/``sendmsg``, ``sendfile``.

Kafka: kafka.network.Processor
"""

import logging
import queue
import threading
from collections import deque

from engine.common.errors import ApiException
from engine.network.network_receive import NetworkReceive
from engine.network.request import Request
from engine.network.request_channel import RequestChannel
from engine.network.response import CloseConnectionResponse, Response, SendResponse
from engine.network.selector import Selector
from engine.nio.socket_channel import SocketChannel
from engine.protocol.messages import parse_request
from engine.protocol.schema_exception import SchemaException

_log = logging.getLogger(__name__)

# Kafka's Processor.ConnectionQueueSize.
_CONNECTION_QUEUE_SIZE = 20


class Processor:
    """One of ``num.network.threads`` threads, with an epoll set of its own."""

    def __init__(
        self,
        processor_id: int,
        request_channel: RequestChannel,
        thread_name: str,
        max_request_size: int,
        connections_max_idle_ms: int,
    ) -> None:
        self.id = processor_id
        self._request_channel = request_channel
        self._selector = Selector(max_request_size, connections_max_idle_ms)
        self._new_connections: queue.Queue[SocketChannel] = queue.Queue(_CONNECTION_QUEUE_SIZE)
        self._responses: deque[Response] = deque()
        self._next_connection_index = 0
        self._should_run = True
        self._thread = threading.Thread(target=self.run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def accept(self, socket: SocketChannel, *, may_block: bool) -> bool:
        """Hand a new connection over; False if the queue is full and ``may_block`` is not set."""
        try:
            self._new_connections.put(socket, block=may_block)
        except queue.Full:
            return False
        self._selector.wakeup()
        return True

    def enqueue_response(self, response: Response) -> None:
        """Queue a response and wake the thread; callable from any thread."""
        self._responses.append(response)
        self._selector.wakeup()

    def shutdown(self) -> None:
        """End the thread and close its connections."""
        self._should_run = False
        self._selector.wakeup()
        self._thread.join()

    def run(self) -> None:
        """The thread: turns until ``shutdown``."""
        while self._should_run:
            try:
                self._run_once()
            except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
                _log.exception("processor %d got an error", self.id)
        self.close()

    def _run_once(self) -> None:
        self.configure_new_connections()
        self.process_new_responses()
        self.poll()
        self.process_completed_receives()
        self.process_completed_sends()
        self.process_disconnected()

    def configure_new_connections(self) -> None:
        """Register the connections that the acceptor has queued."""
        for _ in range(_CONNECTION_QUEUE_SIZE):
            try:
                socket = self._new_connections.get_nowait()
            except queue.Empty:
                return
            index, self._next_connection_index = (
                self._next_connection_index,
                self._next_connection_index + 1,
            )
            connection_id = f"{socket.local_address}-{socket.remote_address}-{index}"
            self._selector.register(connection_id, socket)

    def process_new_responses(self) -> None:
        """Begin to send what the handlers have queued."""
        while self._responses:
            response = self._responses.popleft()
            connection_id = response.request.connection_id
            match response:
                case SendResponse(send=send):
                    self._selector.send(send)
                case CloseConnectionResponse():
                    self._selector.close_channel(connection_id)
                case _:
                    self._selector.unmute(connection_id)

    def poll(self) -> None:
        """Wait for connections, responses or new connections."""
        waiting = self._responses or not self._new_connections.empty()
        self._selector.poll(0 if waiting else None)

    def process_completed_receives(self) -> None:
        """Decode whole frames, queue them as requests and mute their connections."""
        for connection_id, receive in tuple(self._selector.completed_receives.items()):
            request = self._decode(connection_id, receive)
            if request is None:
                self._selector.close_channel(connection_id)
                continue
            self._selector.mute(connection_id)
            self._request_channel.send_request(request)

    def process_completed_sends(self) -> None:
        """Read again from connections whose response has left."""
        for send in self._selector.completed_sends:
            self._selector.unmute(send.destination_id)

    def process_disconnected(self) -> None:
        """Note who has left."""
        for connection_id in self._selector.disconnected:
            _log.debug("connection %s closed", connection_id)

    def _decode(self, connection_id: str, receive: NetworkReceive) -> Request | None:
        try:
            header, body = parse_request(receive.payload())
        except (SchemaException, ApiException) as refusal:
            _log.warning("closing connection %s: %s", connection_id, refusal)
            return None
        except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
            _log.exception("closing connection %s: a request could not be read", connection_id)
            return None
        host = connection_id.split("-")[1].rpartition(":")[0]
        return Request(self.id, connection_id, host, header, body)

    def close(self) -> None:
        """Close every connection; by the thread at its end, or by whoever never started it."""
        self._selector.close()
        while not self._new_connections.empty():
            self._new_connections.get_nowait().close()
