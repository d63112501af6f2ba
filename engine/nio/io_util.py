"""The step from a heap buffer to a native call, which Java needs and Python does not.

A Java heap array may be moved by the collector while the kernel reads it, so the JDK first copies
it into a temporary direct buffer, kept by thread, and passes that one's address::

    heap ByteBuffer --copy--> temporary direct ByteBuffer --write(2)--> page cache or socket

CPython's buffers do not move, so their own address is passed and the copy is left out. With
``use_temporary_buffers`` the copy is made as the JDK makes it, to be looked at.

System calls: none of its own; the dispatcher's.

JDK: sun.nio.ch.IOUtil
"""

import threading
from collections.abc import Callable
from typing import ClassVar

from engine.nio.buffer import Buffer, WritableBuffer

_local = threading.local()


def temporary_direct_buffer(size: int) -> memoryview:
    """A buffer of ``size`` bytes, kept and reused by thread (JDK: sun.nio.ch.Util)."""
    kept: bytearray | None = getattr(_local, "buffer", None)
    if kept is None or len(kept) < size:
        kept = _local.buffer = bytearray(size)
    return memoryview(kept)[:size]


class IOUtil:
    """Reads and writes through a dispatcher's function, with or without Java's extra copy."""

    use_temporary_buffers: ClassVar[bool] = False

    @classmethod
    def write(cls, native: Callable[[Buffer], int], src: Buffer, *, on_heap: bool = False) -> int:
        """Passes ``src`` to the native write; returns the bytes written.

        ``on_heap`` treats this one buffer as Java treats one on its heap.
        """
        if not (on_heap or cls.use_temporary_buffers):
            return native(src)
        view = memoryview(src)
        direct = temporary_direct_buffer(view.nbytes)
        direct[:] = view
        return native(direct)

    @classmethod
    def read(cls, native: Callable[[WritableBuffer], int], dst: WritableBuffer) -> int:
        """Lets the native read fill ``dst``; returns the bytes read."""
        if not cls.use_temporary_buffers:
            return native(dst)
        view = memoryview(dst)
        direct = temporary_direct_buffer(view.nbytes)
        count = native(direct)
        view[:count] = direct[:count]
        return count
