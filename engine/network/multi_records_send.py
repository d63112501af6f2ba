"""Sends a response made of parts: heads that lie in user space, records that lie in files.

::

    FetchResponse:  [size, header, topic, partition ...] [records] [partition ...] [records]
                     ByteBufferSend                       RecordsSend

A part that is only partly taken stops the row; the next call goes on at that byte.

System calls: those of its parts, in their order.

Kafka: org.apache.kafka.common.record.MultiRecordsSend
"""

from collections import deque
from collections.abc import Iterable, Iterator

from engine.network.byte_buffer_send import ByteBufferSend
from engine.network.records_send import RecordsSend, TransferableRecords
from engine.network.send import Send
from engine.nio.buffer import Buffer
from engine.nio.socket_channel import SocketChannel

Part = bytes | bytearray | memoryview | TransferableRecords


class MultiRecordsSend:
    """Parts in the order of the wire."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._left: deque[Send] = deque(_sends(parts))
        self._size = sum(send.size() for send in self._left)

    @property
    def completed(self) -> bool:
        """Whether every part has left."""
        return not self._left

    def size(self) -> int:
        """Bytes of all parts together."""
        return self._size

    def write_to(self, channel: SocketChannel) -> int:
        """Write parts until one of them is stopped by a full socket; return the bytes taken."""
        total = 0
        while self._left:
            total += self._left[0].write_to(channel)
            if not self._left[0].completed:
                break
            self._left.popleft()
        return total


def _sends(parts: Iterable[Part]) -> Iterator[Send]:
    """Neighbouring buffers become one gathering write; empty records vanish."""
    buffers: list[Buffer] = []
    for part in parts:
        if isinstance(part, bytes | bytearray | memoryview):
            buffers.append(part)
            continue
        if buffers:
            yield ByteBufferSend(buffers)
            buffers = []
        if part.size_in_bytes():
            yield RecordsSend(part)
    if buffers:
        yield ByteBufferSend(buffers)
