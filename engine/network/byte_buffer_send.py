"""Sends buffers that lie in user space, several in one call.

System calls: ``sendto`` for one buffer, ``sendmsg`` for several (a gathering write).

Kafka: org.apache.kafka.common.network.ByteBufferSend
"""

from collections import deque
from collections.abc import Iterable

from engine.nio.buffer import Buffer
from engine.nio.socket_channel import SocketChannel


class ByteBufferSend:
    """The buffers that are left, the first of them perhaps already in part."""

    def __init__(self, buffers: Iterable[Buffer]) -> None:
        views = (memoryview(buffer).cast("B") for buffer in buffers)
        self._left = deque(view for view in views if len(view))
        self._size = sum(len(view) for view in self._left)

    @property
    def completed(self) -> bool:
        """Whether no byte is left."""
        return not self._left

    def size(self) -> int:
        """Bytes of all buffers together."""
        return self._size

    def write_to(self, channel: SocketChannel) -> int:
        """One gathering write; return the bytes the socket took."""
        if not self._left:
            return 0
        written = channel.write(tuple(self._left))
        self._forget(written)
        return written

    def _forget(self, count: int) -> None:
        while count:
            first = self._left[0]
            if count < len(first):
                self._left[0] = first[count:]
                return
            count -= len(first)
            self._left.popleft()
