"""Sends record batches out of a log segment, without bringing them into user space.

The records know where they lie (a ``FileRecords`` slice); ``write_to`` asks them to move their
next bytes to the socket, which ends in ``FileChannel.transfer_to``.

System calls: ``sendfile``, or what the forced transfer mode uses instead.

Kafka: org.apache.kafka.common.record.RecordsSend
"""

from typing import Protocol

from engine.nio.socket_channel import SocketChannel


class TransferableRecords(Protocol):
    """Records that can put themselves on a socket."""

    def size_in_bytes(self) -> int:
        """How many bytes there are to send."""
        ...

    def write_to(self, channel: SocketChannel, position: int, length: int) -> int:
        """Move up to ``length`` bytes from ``position`` of these records; return the bytes moved."""
        ...


class RecordsSend:
    """A position in records that are being sent."""

    def __init__(self, records: TransferableRecords) -> None:
        self._records = records
        self._size = records.size_in_bytes()
        self._position = 0

    @property
    def completed(self) -> bool:
        """Whether all bytes have left."""
        return self._position >= self._size

    def size(self) -> int:
        """Bytes of the records when the response was made; a log that grows changes nothing."""
        return self._size

    def write_to(self, channel: SocketChannel) -> int:
        """One transfer from where the last one stopped; return the bytes moved."""
        remaining = self._size - self._position
        if remaining <= 0:
            return 0
        written = self._records.write_to(channel, self._position, remaining)
        self._position += written
        return written
