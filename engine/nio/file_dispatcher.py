"""The system calls on files, one line each: here they are born.

=============  ==========================================================
write          ``write(2)`` at the descriptor's own offset
pwrite         ``pwrite64(2)``
pread          ``preadv2(2)`` with one buffer: Python's ``os.pread`` would
               return fresh ``bytes`` where the JDK's pread64 fills a buffer
seek           ``lseek(2)``
size           ``fstat(2)``
force          ``fdatasync(2)`` or ``fsync(2)``
truncate       ``ftruncate(2)``
allocate       ``fallocate(2)``
transfer_to    ``sendfile(2)``
map            ``mmap(2)``, after ``fcntl(F_DUPFD_CLOEXEC)`` and ``fstat``
               that CPython adds
splice         ``splice(2)``
lock           ``fcntl(F_SETLK)``
=============  ==========================================================

The calls go through the module attribute (``os.write``), never a name bound at import, so that
whoever observes the process from inside can stand in between.

JDK: sun.nio.ch.FileDispatcherImpl
"""

import fcntl
import mmap
import os

from engine.nio.buffer import Buffer, WritableBuffer


class FileDispatcher:
    """Native file operations by descriptor; each raises OSError as the kernel answers."""

    @staticmethod
    def open(path: str, flags: int, mode: int = 0o644) -> int:
        """``openat(2)``, never inherited by child processes."""
        return os.open(path, flags | os.O_CLOEXEC, mode)

    @staticmethod
    def close(fd: int) -> None:
        """``close(2)``."""
        os.close(fd)

    @staticmethod
    def write(fd: int, src: Buffer) -> int:
        """Writes at the descriptor's offset; returns the bytes taken."""
        return os.write(fd, src)

    @staticmethod
    def pwrite(fd: int, src: Buffer, position: int) -> int:
        """Writes at a position and leaves the offset alone; returns the bytes taken."""
        return os.pwrite(fd, src, position)

    @staticmethod
    def pread(fd: int, dst: WritableBuffer, position: int) -> int:
        """Fills ``dst`` from a position; returns the bytes read, 0 at the end of the file."""
        return os.preadv(fd, [dst], position)

    @staticmethod
    def seek(fd: int, position: int) -> int:
        """Sets the descriptor's offset."""
        return os.lseek(fd, position, os.SEEK_SET)

    @staticmethod
    def size(fd: int) -> int:
        """The file's length in bytes."""
        return os.fstat(fd).st_size

    @staticmethod
    def identity(fd: int) -> tuple[int, int]:
        """Device and inode: which file this is, whatever its name."""
        stat = os.fstat(fd)
        return stat.st_dev, stat.st_ino

    @staticmethod
    def force(fd: int, *, metadata: bool) -> None:
        """Waits until the file's dirty pages, and with ``metadata`` its inode, are on the device."""
        os.fsync(fd) if metadata else os.fdatasync(fd)

    @staticmethod
    def truncate(fd: int, size: int) -> None:
        """Cuts or extends (sparse) the file to ``size`` bytes."""
        os.ftruncate(fd, size)

    @staticmethod
    def allocate(fd: int, position: int, size: int) -> None:
        """Puts disk blocks under a range of the file, so that storing into it cannot fail."""
        os.posix_fallocate(fd, position, size)

    @staticmethod
    def transfer_to(fd: int, position: int, count: int, target_fd: int) -> int:
        """Page cache to socket inside the kernel; returns the bytes the socket took."""
        return os.sendfile(target_fd, fd, position, count)

    @staticmethod
    def map(fd: int, position: int, size: int, *, read_only: bool) -> mmap.mmap:
        """Maps ``size`` bytes shared; ``position`` is a multiple of the page size."""
        prot = mmap.PROT_READ if read_only else mmap.PROT_READ | mmap.PROT_WRITE
        return mmap.mmap(fd, size, flags=mmap.MAP_SHARED, prot=prot, offset=position)

    @staticmethod
    def pipe() -> tuple[int, int]:
        """``pipe2(2)``: the read end and the write end."""
        return os.pipe()

    @staticmethod
    def splice_in(fd: int, position: int, count: int, pipe_fd: int) -> int:
        """Page cache to pipe by reference; returns the bytes the pipe took."""
        return os.splice(fd, pipe_fd, count, offset_src=position)

    @staticmethod
    def splice_out(pipe_fd: int, count: int, target_fd: int) -> int:
        """Pipe to socket by reference; returns the bytes the socket took."""
        return os.splice(pipe_fd, target_fd, count)

    @staticmethod
    def lock(fd: int) -> None:
        """Takes the exclusive lock without waiting; BlockingIOError or PermissionError if held."""
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
