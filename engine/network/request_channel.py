"""The bounded queue between the network threads and the request handlers, and the way back.

::

    Processor 0 --+                                  +-- handler 0
    Processor 1 --+--> request queue (at most 500) --+-- handler 1 ...
    Processor 2 --+                                  +-- handler 7
         ^                                                 |
         +--- response queue of that processor, wakeup <---+

A full queue holds the network threads, and so the clients: that is the broker's back pressure.

System calls: ``futex`` (the queue's lock and condition), ``write`` to an eventfd (wakeup).

Kafka: kafka.network.RequestChannel
"""

import queue
from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.network.multi_records_send import MultiRecordsSend, Part
from engine.network.network_send import NetworkSend
from engine.network.request import Request
from engine.network.response import (
    CloseConnectionResponse,
    NoOpResponse,
    Response,
    SendResponse,
)


class ResponseSink(Protocol):
    """The processor's side: where responses of its connections go."""

    def enqueue_response(self, response: Response) -> None:
        """Take a response and wake the processor; callable from any thread."""
        ...


class RequestChannel:
    """Requests to the handlers, responses to the processors."""

    def __init__(self, queue_size: int) -> None:
        self._requests: queue.Queue[Request | None] = queue.Queue(queue_size)
        self._processors: dict[int, ResponseSink] = {}

    def add_processor(self, processor_id: int, processor: ResponseSink) -> None:
        """Responses to requests of ``processor_id`` go to ``processor`` from now on."""
        self._processors[processor_id] = processor

    @property
    def processors(self) -> Mapping[int, ResponseSink]:
        """All processors by id."""
        return self._processors

    def send_request(self, request: Request) -> None:
        """Queue a request; waits while the queue is full."""
        self._requests.put(request)

    def receive_request(self) -> Request | None:
        """The next request, None for a handler that shall end; waits for either."""
        return self._requests.get()

    def send_response(self, request: Request, parts: Sequence[Part]) -> None:
        """Answer with ``parts``, the first of which begins with the frame's size."""
        send = NetworkSend(request.connection_id, MultiRecordsSend(parts))
        self._respond(request, SendResponse(request, send))

    def send_no_op(self, request: Request) -> None:
        """End a request that gets no answer (a produce with acks=0)."""
        self._respond(request, NoOpResponse(request))

    def close_connection(self, request: Request) -> None:
        """Close the connection a request came from: how Kafka refuses an unanswerable one."""
        self._respond(request, CloseConnectionResponse(request))

    def send_shutdown_request(self) -> None:
        """End one handler, after the requests that are queued already."""
        self._requests.put(None)

    def _respond(self, request: Request, response: Response) -> None:
        self._processors[request.processor_id].enqueue_response(response)
