"""Receives frames from one connection, one after the other, into one buffer that is used again.

::

    int32 size | size bytes

The buffer is as large as the largest frame so far, up to a limit above which it is given back
after the frame: a connection that once sent 50 MiB does not keep them. Reusing is safe because a
connection is muted until its request has been answered (see ``Processor``); whoever keeps bytes
of a frame for longer copies them. Kafka allocates a buffer a frame and leaves it to the collector.

System calls: ``recvfrom`` of 4 bytes, then ``recvfrom`` into the buffer until the frame is whole.

Kafka: org.apache.kafka.common.network.NetworkReceive
"""

from engine.network.invalid_receive_exception import InvalidReceiveException
from engine.nio.socket_channel import SocketChannel

_SIZE_BYTES = 4
# Kept between frames up to this size: batch.size and fetches of stock clients stay below it.
_KEEP_BYTES = 1 << 20


class NetworkReceive:
    """A frame on its way in."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._size_buffer = bytearray(_SIZE_BYTES)
        self._buffer = bytearray()
        self._frame_size = -1
        self._received = 0

    @property
    def complete(self) -> bool:
        """Whether a whole frame stands in the buffer."""
        return self._frame_size >= 0 and self._received == _SIZE_BYTES + self._frame_size

    @property
    def started(self) -> bool:
        """Whether a frame has begun and is not whole yet."""
        return self._received > 0 and not self.complete

    def payload(self) -> memoryview:
        """The frame without its size; valid until ``reset``."""
        return memoryview(self._buffer)[: self._frame_size]

    def reset(self) -> None:
        """Make ready for the next frame."""
        self._received = 0
        self._frame_size = -1
        if len(self._buffer) > _KEEP_BYTES:
            self._buffer = bytearray()

    def read_from(self, channel: SocketChannel) -> int:
        """Read what is there, at most this frame; the bytes read, -1 at the end of the stream.

        InvalidReceiveException if the announced size is negative or above the limit.
        """
        total = 0
        if self._frame_size < 0:
            total = self._read_size(channel)
            if total < 0 or self._frame_size < 0:
                return total
        while not self.complete:
            done = self._received - _SIZE_BYTES
            count = channel.read_into(memoryview(self._buffer)[done : self._frame_size])
            if count < 0:
                return -1
            if count == 0:
                break
            self._received += count
            total += count
        return total

    def _read_size(self, channel: SocketChannel) -> int:
        count = channel.read_into(memoryview(self._size_buffer)[self._received :])
        if count <= 0:
            return count
        self._received += count
        if self._received == _SIZE_BYTES:
            self._prepare(int.from_bytes(self._size_buffer, "big", signed=True))
        return count

    def _prepare(self, size: int) -> None:
        if size < 0:
            raise InvalidReceiveException(f"Invalid receive (size = {size})")
        if size > self._max_size:
            raise InvalidReceiveException(
                f"Invalid receive (size = {size} larger than {self._max_size})"
            )
        self._frame_size = size
        if size > len(self._buffer):
            self._buffer = bytearray(size)
