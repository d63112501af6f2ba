"""cachestat(2) of Linux 6.5: how many pages of a file's range are cached. Reads nothing in."""

import ctypes
import platform
import sys
from typing import Final

_NUMBER: Final = 451  # the same on every architecture, as for all calls since 5.1
_ALPHA = platform.machine() == "alpha"


class _Range(ctypes.Structure):
    _fields_ = (("off", ctypes.c_uint64), ("len", ctypes.c_uint64))


class _Stat(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in ("cache", "dirty", "writeback", "evicted", "recently_evicted")
    )


class CacheStat:
    """Calls cachestat; ``works`` is False where the kernel or the system has no such call."""

    def __init__(self) -> None:
        self.works = False
        if sys.platform != "linux" or _ALPHA:
            return
        libc = ctypes.CDLL(None, use_errno=True)
        self._call = libc.syscall
        self._call.restype = ctypes.c_long
        # An impossible descriptor answers EBADF if the call exists, ENOSYS if not.
        self.query(-1, 0, 1)
        self.works = ctypes.get_errno() == 9

    def query(self, fd: int, offset: int, size: int) -> tuple[int, int] | None:
        """Return (cached, dirty) pages of the range, or None if it was refused."""
        where, found = _Range(offset, size), _Stat()
        done = self._call(
            ctypes.c_long(_NUMBER),
            ctypes.c_int(fd),
            ctypes.byref(where),
            ctypes.byref(found),
            ctypes.c_uint(0),
        )
        return (int(found.cache), int(found.dirty)) if done == 0 else None
