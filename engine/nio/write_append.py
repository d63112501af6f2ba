"""Appends by ``write(2)``, as Kafka does: the kernel copies the bytes into the page cache.

System calls: ``write``, one an append unless the kernel takes less; ``lseek`` if the position is
elsewhere.

JDK: sun.nio.ch.FileChannelImpl
"""

from engine.nio.append_strategy import AppendStrategy
from engine.nio.buffer import Buffer
from engine.nio.file_channel import FileChannel


class WriteAppend(AppendStrategy):
    """Relies on the channel's own position, as FileChannel.write does.

    With ``heap_buffers`` the bytes go through a temporary direct buffer first, which is what the JDK
    does with a ByteBuffer on its heap: the same system calls and one copy more.
    """

    def __init__(self, channel: FileChannel, *, heap_buffers: bool = False) -> None:
        self._channel = channel
        channel.heap_buffers = heap_buffers

    def append(self, src: Buffer, position: int) -> None:
        """Writes at the channel's position, moved to ``position`` if it is elsewhere."""
        if self._channel.position != position:
            self._channel.position = position
        self._channel.write(src)

    def release(self) -> None:
        """Nothing is held."""
