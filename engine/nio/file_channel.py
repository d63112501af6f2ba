"""An open file: appended to, read at positions, mapped, forced, and sent to a socket.

``transfer_to`` has the JDK's three ways, tried in the JDK's order, and one of ours::

    directly            page cache --------------------------------> socket     sendfile
    trusted channel     page cache -> mapping in user space -------> socket     mmap, send, munmap
    arbitrary channel   page cache -> bounce buffer in user space -> socket     preadv2, send, ...
    splice (ours)       page cache -> pipe ------------------------> socket     pipe2, splice, splice

System calls: ``openat``, ``fstat`` (size; each transfer_to asks for it, as the JDK does), ``lseek``
(position), ``write`` (write), ``preadv2`` (read), ``fsync``/``fdatasync`` (force), ``ftruncate``,
``fallocate`` (allocate), ``mmap`` (map), and those of the drawing.

JDK: sun.nio.ch.FileChannelImpl
"""

import errno
import functools
import mmap
import os
import threading
from typing import ClassVar

from engine.nio.buffer import Buffer, WritableBuffer
from engine.nio.file_dispatcher import FileDispatcher
from engine.nio.io_util import IOUtil, temporary_direct_buffer
from engine.nio.mapped_byte_buffer import MappedByteBuffer
from engine.nio.socket_channel import SocketChannel
from engine.nio.transfer_mode import TransferMode

# As in the JDK: a transfer maps at most this much at once.
MAPPED_TRANSFER_SIZE = 8 * 1024 * 1024
# The JDK's bounce buffer has 8 KiB. A call from Python costs about a microsecond more than one
# from Java, so with 8 KiB the interpreter and not the copy would be measured.
BOUNCE_BUFFER_SIZE = 64 * 1024
# A pipe holds 16 pages unless it is made larger (pipe(7)).
PIPE_SIZE = 64 * 1024

_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENODEV}


class FileChannel:
    """A file by descriptor; positions and sizes are bytes, failures are OSError.

    ``transfer_mode``, ``bounce_buffer_size`` and ``mapped_transfer_size`` are set once for the
    whole process, before transfers begin.
    """

    transfer_mode: ClassVar[TransferMode] = TransferMode.AUTO
    bounce_buffer_size: ClassVar[int] = BOUNCE_BUFFER_SIZE
    mapped_transfer_size: ClassVar[int] = MAPPED_TRANSFER_SIZE
    # Learnt from the kernel's refusal and remembered, as in the JDK.
    _direct_not_supported: ClassVar[bool] = False
    _mapped_not_supported: ClassVar[bool] = False

    def __init__(self, fd: int, path: str, *, read_only: bool) -> None:
        self._fd = fd
        self.path = path
        self.read_only = read_only
        self._position = 0
        self._position_lock = threading.Lock()
        # Whether ``write`` takes its buffers for ones on Java's heap: IOUtil says what that costs.
        self.heap_buffers = False

    @classmethod
    def open(
        cls, path: str, *, read_only: bool = False, create: bool = False, preallocate: int = 0
    ) -> "FileChannel":
        """Opens ``path`` at position 0; ``preallocate`` is a sparse size given to a created file."""
        flags = os.O_RDONLY if read_only else os.O_RDWR
        fd = FileDispatcher.open(path, flags | (os.O_CREAT if create else 0))
        channel = cls(fd, path, read_only=read_only)
        if create and preallocate and not channel.size():
            channel.truncate(preallocate)
        return channel

    @property
    def position(self) -> int:
        """Where the next ``write`` goes."""
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        with self._position_lock:
            self._position = FileDispatcher.seek(self._fd, position)

    def write(self, src: Buffer) -> int:
        """Writes all of ``src`` at the position and moves it; returns the bytes written.

        On OSError (a full disk) part of ``src`` may stand in the file, up to ``position``.
        """
        view = memoryview(src).cast("B")
        native = functools.partial(FileDispatcher.write, self._fd)
        written = 0
        with self._position_lock:
            while written < len(view):
                rest = view[written:] if written else view
                count = IOUtil.write(native, rest, on_heap=self.heap_buffers)
                written += count
                self._position += count
        return written

    def read(self, dst: WritableBuffer, position: int) -> int:
        """Reads at ``position`` until ``dst`` is full or the file ends; returns the bytes read."""
        view = memoryview(dst).cast("B")
        done = 0
        while done < len(view):
            native = functools.partial(FileDispatcher.pread, self._fd, position=position + done)
            count = IOUtil.read(native, view[done:] if done else view)
            if count == 0:
                break
            done += count
        return done

    def transfer_to(self, position: int, count: int, target: SocketChannel) -> int:
        """Sends up to ``count`` bytes from ``position``; returns the bytes the socket took.

        0 means that the socket would block, or that the file ends before ``position``. A forced
        mode that the kernel refuses raises OSError; ``auto`` falls back.
        """
        count = min(count, self.size() - position)
        if count <= 0:
            return 0
        match self.transfer_mode:
            case TransferMode.SENDFILE:
                return self.transfer_to_directly(position, count, target)
            case TransferMode.MMAP:
                return self.transfer_to_trusted_channel(position, count, target)
            case TransferMode.READ_WRITE:
                return self.transfer_to_arbitrary_channel(position, count, target)
            case TransferMode.SPLICE:
                return self.transfer_to_spliced(position, count, target)
            case TransferMode.AUTO:
                return self._transfer_by_the_best(position, count, target)

    def transfer_to_directly(self, position: int, count: int, target: SocketChannel) -> int:
        """One sendfile: the bytes never enter user space."""
        try:
            return FileDispatcher.transfer_to(self._fd, position, count, target.fileno())
        except BlockingIOError:
            return 0

    def transfer_to_trusted_channel(self, position: int, count: int, target: SocketChannel) -> int:
        """Maps a piece, sends from the mapping, unmaps; until a piece is not taken whole."""
        done = 0
        while done < count:
            size = min(count - done, self.mapped_transfer_size)
            sent = self._send_mapped(position + done, size, target)
            done += sent
            if sent < size:
                break
        return done

    def transfer_to_arbitrary_channel(
        self, position: int, count: int, target: SocketChannel
    ) -> int:
        """Reads into a bounce buffer and sends from it; until a piece is not taken whole.

        What was read and not taken is not counted, so the next call reads it again.
        """
        bounce = temporary_direct_buffer(min(count, self.bounce_buffer_size))
        done = 0
        while done < count:
            view = bounce[: min(count - done, len(bounce))]
            size = FileDispatcher.pread(self._fd, view, position + done)
            sent = target.write([view[:size]]) if size else 0
            done += sent
            if sent < len(view):
                break
        return done

    def transfer_to_spliced(self, position: int, count: int, target: SocketChannel) -> int:
        """Moves page references through a pipe; what stays in the pipe is dropped, not counted."""
        read_end, write_end = FileDispatcher.pipe()
        try:
            done = 0
            while done < count:
                size = min(count - done, PIPE_SIZE)
                spliced = FileDispatcher.splice_in(self._fd, position + done, size, write_end)
                sent = self._splice_out(read_end, spliced, target) if spliced else 0
                done += sent
                if sent < spliced or spliced == 0:
                    break
            return done
        finally:
            FileDispatcher.close(read_end)
            FileDispatcher.close(write_end)

    def map(self, size: int, *, read_only: bool, position: int = 0) -> MappedByteBuffer:
        """Maps ``size`` bytes, which the file must have; ``position`` is a multiple of a page."""
        mapping = FileDispatcher.map(self._fd, position, size, read_only=read_only)
        return MappedByteBuffer(mapping)

    def force(self, metadata: bool = True) -> None:
        """Waits until everything written is on the device."""
        FileDispatcher.force(self._fd, metadata=metadata)

    def truncate(self, size: int) -> None:
        """Cuts or extends (sparse) the file; a position beyond the new end moves to it."""
        FileDispatcher.truncate(self._fd, size)
        if self._position > size:
            self.position = size

    def allocate(self, position: int, size: int) -> None:
        """Puts disk blocks under a range, so that storing into a mapping of it cannot fail."""
        FileDispatcher.allocate(self._fd, position, size)

    def size(self) -> int:
        """The file's length now."""
        return FileDispatcher.size(self._fd)

    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return FileDispatcher.identity(self._fd)

    def lock(self) -> None:
        """Takes the file's exclusive lock; BlockingIOError if another process holds it."""
        FileDispatcher.lock(self._fd)

    def fileno(self) -> int:
        """The descriptor, -1 once closed."""
        return self._fd

    def close(self) -> None:
        """Closes the file; mappings stay valid. Safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            FileDispatcher.close(fd)

    def __del__(self) -> None:
        # A slice on its way to a socket keeps the channel of a deleted segment, and so its bytes,
        # alive; whoever lets go last closes it.
        if getattr(self, "_fd", -1) >= 0:
            self.close()

    def _transfer_by_the_best(self, position: int, count: int, target: SocketChannel) -> int:
        cls = FileChannel
        if not cls._direct_not_supported:
            try:
                return self.transfer_to_directly(position, count, target)
            except OSError as refusal:
                if refusal.errno not in _UNSUPPORTED:
                    raise
                cls._direct_not_supported = True
        if not cls._mapped_not_supported:
            try:
                return self.transfer_to_trusted_channel(position, count, target)
            except OSError as refusal:
                if refusal.errno not in _UNSUPPORTED:
                    raise
                cls._mapped_not_supported = True
        return self.transfer_to_arbitrary_channel(position, count, target)

    def _send_mapped(self, position: int, size: int, target: SocketChannel) -> int:
        in_page = position % mmap.ALLOCATIONGRANULARITY
        mapped = self.map(in_page + size, read_only=True, position=position - in_page)
        try:
            with memoryview(mapped.buffer) as whole, whole[in_page:] as piece:
                return target.write([piece])
        finally:
            mapped.unmap()

    @staticmethod
    def _splice_out(read_end: int, count: int, target: SocketChannel) -> int:
        sent = 0
        try:
            while sent < count:
                sent += FileDispatcher.splice_out(read_end, count - sent, target.fileno())
        except BlockingIOError:
            pass
        return sent
