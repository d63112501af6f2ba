"""What one request handler thread does.

System calls: ``futex`` while the queue is empty; those of the handlers.

Kafka: kafka.server.KafkaRequestHandler
"""

import logging

from engine.network.request_channel import RequestChannel
from engine.server.kafka_apis import KafkaApis

_log = logging.getLogger(__name__)


class KafkaRequestHandler:
    """A loop over the request queue."""

    def __init__(self, request_channel: RequestChannel, apis: KafkaApis) -> None:
        self._request_channel = request_channel
        self._apis = apis

    def run(self) -> None:
        """Handle requests until told to end."""
        while (request := self._request_channel.receive_request()) is not None:
            try:
                self._apis.handle(request)
            except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
                _log.exception("a request handler got an error")
