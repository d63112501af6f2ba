"""Whether a file is in the page cache, and how to get it out of it, without privileges."""

import ctypes
import mmap
import os
import time
from pathlib import Path
from typing import Final

PAGE: Final = mmap.PAGESIZE
TRIES: Final = 50


def resident_pages(path: Path) -> int | None:
    """How many pages of the file are cached; None if the kernel does not tell.

    mincore(2) on a mapping that is never touched, so that asking changes nothing. For files that
    the caller could not write, the kernel answers "all", to keep others' reading secret.
    """
    size = path.stat().st_size
    if not size:
        return 0
    pages = -(-size // PAGE)
    libc = ctypes.CDLL(None, use_errno=True)
    vector = (ctypes.c_ubyte * pages)()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as mapping:
        # Only an address is needed; from_buffer wants a writable mapping to lend one.
        anchor = ctypes.c_char.from_buffer(mapping)
        failed = libc.mincore(
            ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(size), vector
        )
        del anchor
    return None if failed else sum(byte & 1 for byte in vector)


def evict(path: Path) -> int | None:
    """Store the file and drop its pages; return how many are still cached (None: unknown).

    posix_fadvise(2) DONTNEED leaves dirty pages and pages that somebody is just using, hence
    fsync first and a few tries.
    """
    left: int | None = None
    for attempt in range(TRIES):
        if attempt:
            time.sleep(0.02)
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)
        left = resident_pages(path)
        if not left:
            break
    return left


def warm_up(path: Path) -> int | None:
    """Read the file once; return how many pages are cached then (None: unknown)."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
    return resident_pages(path)
