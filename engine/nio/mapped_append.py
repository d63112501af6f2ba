"""Appends by storing into a mapping of the file's end: no system call while a window lasts.

::

    file   | appended ............................ | zeros, allocated |
    mapped |          window of 8 MiB                                 |

The copy into the page cache is the process's own, and each page of it costs a fault. A store that
finds no disk block under it would kill the process with SIGBUS (mmap(2)), so a window is allocated
before it is mapped.

System calls, once a window: ``munmap``, ``fallocate``, ``mmap`` and what CPython adds to it.

Kafka: none, because Kafka maps its indexes and never its log
"""

from engine.nio.append_strategy import AppendStrategy
from engine.nio.buffer import Buffer
from engine.nio.file_channel import FileChannel
from engine.nio.mapped_byte_buffer import MappedByteBuffer

# As large as the pieces that the JDK maps to send a file; a multiple of every page size.
WINDOW = 8 * 1024 * 1024


class MappedAppend(AppendStrategy):
    """Keeps one window mapped; the file ends with it."""

    def __init__(self, channel: FileChannel) -> None:
        self._channel = channel
        self._window: MappedByteBuffer | None = None
        self._start = 0

    def append(self, src: Buffer, position: int) -> None:
        """Stores ``src``, window after window."""
        view = memoryview(src).cast("B")
        done = 0
        while done < len(view):
            window = self._window_at(position + done)
            at = position + done - self._start
            count = min(len(view) - done, WINDOW - at)
            window.buffer[at : at + count] = view[done : done + count]
            done += count

    def release(self) -> None:
        """Unmaps the window."""
        if self._window is not None:
            self._window.unmap()
            self._window = None

    def _window_at(self, position: int) -> MappedByteBuffer:
        if self._window is not None and self._start <= position < self._start + WINDOW:
            return self._window
        self.release()
        self._start = position - position % WINDOW
        self._channel.allocate(self._start, WINDOW)
        self._window = self._channel.map(WINDOW, read_only=False, position=self._start)
        return self._window
