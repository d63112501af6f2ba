"""Appends past the page cache: ``O_DIRECT``, whole blocks from a page-aligned buffer.

::

    file    | block | block | tail 000 |        a write covers the tail's block again
    buffer          | tail + new bytes ... 000 |   address, position and size are multiples of 4096

The device reads the buffer itself: nothing is copied into the page cache, and whoever reads these
bytes next reads them from the disk (open(2), O_DIRECT). The last block is filled with zeros, so the
file is up to 4095 bytes too long until its close.

System calls: ``pwrite64``, one an append and one more a mebibyte; at first use ``openat`` of a
descriptor of its own and, where the end is not on a block's edge, ``preadv2`` of the tail.

Kafka: none, because Kafka relies on the page cache
"""

import errno
import mmap
import os

from engine.nio.append_strategy import AppendStrategy
from engine.nio.buffer import Buffer
from engine.nio.file_channel import FileChannel
from engine.nio.file_dispatcher import FileDispatcher

# What any disk of today asks for: its logical blocks have 512 or 4096 bytes.
BLOCK = 4096
BUFFER = 1024 * 1024


class DirectAppend(AppendStrategy):
    """Keeps the bytes of the last, unfinished block at the start of its buffer."""

    def __init__(self, channel: FileChannel) -> None:
        self._channel = channel
        self._fd = -1
        # Anonymous memory is the one kind of buffer that Python aligns to a page.
        self._buffer = memoryview(b"")
        self._end = -1

    def append(self, src: Buffer, position: int) -> None:
        """Writes the tail's block and what follows it; OSError EINVAL if O_DIRECT is refused."""
        view = memoryview(src).cast("B")
        if self._fd < 0:
            self._open()
        if self._end != position:
            self._load_tail(position)
        # Unless all of it succeeds, the buffer is not to be believed.
        self._end = -1
        done = 0
        while done < len(view):
            tail = (position + done) % BLOCK
            count = min(len(view) - done, BUFFER - tail)
            self._buffer[tail : tail + count] = view[done : done + count]
            self._write_blocks(position + done - tail, tail + count)
            done += count
        self._end = position + done

    def release(self) -> None:
        """Closes the descriptor and frees the buffer."""
        fd, self._fd = self._fd, -1
        self._end = -1
        self._buffer = memoryview(b"")
        if fd >= 0:
            FileDispatcher.close(fd)

    def _open(self) -> None:
        try:
            self._fd = FileDispatcher.open(self._channel.path, os.O_WRONLY | os.O_DIRECT)
        except OSError as refusal:
            if refusal.errno != errno.EINVAL:
                raise
            raise OSError(
                errno.EINVAL, "this file system has no O_DIRECT, use another kafkascope.append.mode"
            ) from refusal
        self._buffer = memoryview(mmap.mmap(-1, BUFFER))

    def _load_tail(self, position: int) -> None:
        tail = position % BLOCK
        if tail:
            self._channel.read(self._buffer[:tail], position - tail)

    def _write_blocks(self, start: int, size: int) -> None:
        padded = -(-size // BLOCK) * BLOCK
        self._buffer[size:padded] = bytes(padded - size)
        written = 0
        while written < padded:
            piece = self._buffer[written:padded]
            written += FileDispatcher.pwrite(self._fd, piece, start + written)
        whole = size // BLOCK * BLOCK
        self._buffer[: size - whole] = self._buffer[whole:size]
