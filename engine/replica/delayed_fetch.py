"""A fetch that waits until enough bytes are there, or its time is up.

System calls: none of its own; completing reads the logs again.

Kafka: kafka.server.DelayedFetch
"""

from collections.abc import Callable

from engine.purgatory.delayed_operation import DelayedOperation
from engine.replica.log_read_result import FetchParams


class DelayedFetch(DelayedOperation):
    """``available`` says how many bytes a read would give now, None if one would give an error."""

    def __init__(
        self,
        params: FetchParams,
        available: Callable[[], int | None],
        respond: Callable[[], None],
    ) -> None:
        super().__init__(params.max_wait_ms)
        self._min_bytes = params.min_bytes
        self._available = available
        self._respond = respond

    def try_complete(self) -> bool:
        """Complete if the bytes suffice, or if there is an error to be told at once."""
        available = self._available()
        if available is None or available >= self._min_bytes:
            return self.force_complete()
        return False

    def on_complete(self) -> None:
        """Read and answer."""
        self._respond()
