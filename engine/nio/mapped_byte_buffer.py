"""A file seen as memory: page-cache pages in the process's own address space.

Reading a byte costs no system call; the first touch of a page is a page fault that finds the page
in the page cache (minor) or reads it from the disk (major). Writing dirties the page.

System calls: ``force`` is ``msync(2)``, ``unmap`` is ``munmap(2)``.

JDK: java.nio.MappedByteBuffer
"""

import mmap
import struct

_INT = struct.Struct(">i")
_LONG = struct.Struct(">q")


class MappedByteBuffer:
    """A mapping of a file; numbers are big-endian, positions are bytes from the mapping's start."""

    __slots__ = ("_map",)

    def __init__(self, mapping: mmap.mmap) -> None:
        self._map = mapping

    @property
    def buffer(self) -> mmap.mmap:
        """The mapping itself, for slicing and for views."""
        return self._map

    def capacity(self) -> int:
        """Size of the mapping in bytes."""
        return len(self._map)

    def get_int(self, index: int) -> int:
        """The int32 at a byte position."""
        value: int = _INT.unpack_from(self._map, index)[0]
        return value

    def put_int(self, index: int, value: int) -> None:
        """Stores an int32 at a byte position."""
        _INT.pack_into(self._map, index, value)

    def get_long(self, index: int) -> int:
        """The int64 at a byte position."""
        value: int = _LONG.unpack_from(self._map, index)[0]
        return value

    def put_long(self, index: int, value: int) -> None:
        """Stores an int64 at a byte position."""
        _LONG.pack_into(self._map, index, value)

    def force(self) -> None:
        """Waits until the mapping's dirty pages are on the device."""
        self._map.flush()

    def unmap(self) -> None:
        """Ends the mapping; every view of it must have been released. Safe to call twice."""
        self._map.close()
