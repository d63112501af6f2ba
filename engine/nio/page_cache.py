"""Which pages of a file are in the page cache, asked without touching one of them.

The file is mapped and never read from; mincore(2) looks into the kernel's own tables. To a caller
who neither owns the file nor may write it, kernels from 5.2 on say that every page is there.

System calls: ``openat``, ``fstat``, ``mmap``, ``mincore`` and ``munmap`` a stretch, ``close``.

Kafka: none, because neither Kafka nor the JDK asks what the kernel has cached.
"""

import contextlib
import ctypes
import mmap
import os

from engine.nio.file_channel import FileChannel

PAGE_SIZE = mmap.PAGESIZE
# Mapped at once: 64 Ki pages of 4 KiB give a vector of 64 KiB.
_STRETCH = 65_536 * PAGE_SIZE


def resident_pages(path: str) -> bytes:
    """A byte for each page: 1 in the page cache, 0 not. OSError if the kernel does not say."""
    with contextlib.closing(FileChannel.open(path, read_only=True)) as channel:
        size = channel.size()
        stretches = range(0, size, _STRETCH)
        return b"".join(
            _resident(channel.fileno(), start, min(_STRETCH, size - start)) for start in stretches
        )


def _resident(fd: int, start: int, size: int) -> bytes:
    # Private and writable only so that Python gives out its address; nothing is written.
    prot = mmap.PROT_READ | mmap.PROT_WRITE
    mapping = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=prot, offset=start)
    try:
        vector = (ctypes.c_ubyte * ((size + PAGE_SIZE - 1) // PAGE_SIZE))()
        anchor = ctypes.c_char.from_buffer(mapping)
        try:
            address = ctypes.c_void_p(ctypes.addressof(anchor))
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.mincore(address, ctypes.c_size_t(size), vector) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        finally:
            del anchor
        return bytes(state & 1 for state in vector)
    finally:
        mapping.close()
