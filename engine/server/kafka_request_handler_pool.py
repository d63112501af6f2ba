"""The threads that do the work: each takes requests from the queue and runs ``KafkaApis.handle``.

System calls: ``futex`` while the queue is empty; those of the handlers.

Kafka: kafka.server.KafkaRequestHandlerPool
"""

import threading

from engine.network.request_channel import RequestChannel
from engine.server.kafka_apis import KafkaApis
from engine.server.kafka_request_handler import KafkaRequestHandler


class KafkaRequestHandlerPool:
    """``num.io.threads`` handlers."""

    def __init__(self, request_channel: RequestChannel, apis: KafkaApis, num_threads: int) -> None:
        self._request_channel = request_channel
        self._threads = [
            threading.Thread(
                target=KafkaRequestHandler(request_channel, apis).run,
                name=f"data-plane-kafka-request-handler-{index}",
                daemon=True,
            )
            for index in range(num_threads)
        ]
        for thread in self._threads:
            thread.start()

    def shutdown(self) -> None:
        """Let the queued requests be handled, then end the threads."""
        for _ in self._threads:
            self._request_channel.send_shutdown_request()
        for thread in self._threads:
            thread.join()
