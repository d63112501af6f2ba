"""A lock on a file that no other process, and nobody else in this one, can take.

The kernel's record locks belong to a process: a second lock of the same process succeeds, and
closing *any* descriptor of the file drops it (fcntl(2)). So, as in the JDK, a table of the process
is asked first.

System calls: ``stat``, ``openat``, ``fcntl(F_SETLK)``; ``close`` releases it.

JDK: java.nio.channels.FileLock
"""

import threading
from typing import ClassVar

from engine.nio import files
from engine.nio.file_channel import FileChannel


class FileLock:
    """A held lock; ``release`` gives it back."""

    _table: ClassVar[set[tuple[int, int]]] = set()
    _table_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, channel: FileChannel) -> None:
        self._channel = channel
        self.identity = channel.identity()

    @classmethod
    def try_lock(cls, path: str) -> "FileLock | None":
        """The lock on ``path``, which is created if missing; None if somebody holds it."""
        with cls._table_lock:
            # By name, and before opening: closing a second descriptor would drop the lock.
            if files.identity(path) in cls._table:
                return None
            channel = FileChannel.open(path, create=True)
            try:
                channel.lock()
            except (BlockingIOError, PermissionError):
                channel.close()
                return None
            lock = cls(channel)
            cls._table.add(lock.identity)
            return lock

    def release(self) -> None:
        """Gives the lock back; safe to call twice."""
        with self._table_lock:
            self._table.discard(self.identity)
            self._channel.close()
