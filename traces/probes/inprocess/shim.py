"""Thin wrappers around the calls of ``os``, ``socket``, ``mmap`` and ``select.epoll``.

Runs in the watched process. Each wrapper writes what the call asks, makes the call, and writes
what came back; it never makes I/O happen that would not have happened. Its own cost is a few
microseconds a call, between the records as well as outside them.
"""

import errno
import functools
import mmap
import os
import resource
import select
import socket
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Final

from traces.probes.inprocess.cachestat import CacheStat
from traces.probes.inprocess.calls import (
    NAMES,
    NOWHERE,
    OS_CALLS,
    SOCKET_CALLS,
    Describe,
    Described,
)
from traces.probes.inprocess.identity import KINDS, Identities
from traces.probes.ring.layout import CALL_CACHE, CALL_ENTER, CALL_EXIT, CALL_FD, CALL_USAGE
from traces.probes.ring.writer import RingWriter

PAGE: Final = 4096
MS_SYNC: Final = 4
# macOS has no usage of a single thread.
_THREAD: Final[int | None] = vars(resource).get("RUSAGE_THREAD")
_FILE: Final = KINDS.index("file")
_NUMBER: Final = {name: place for place, name in enumerate(NAMES)}


class Shim:
    """Swaps the attributes; ``install`` once, before the program is imported."""

    def __init__(self, ring: RingWriter) -> None:
        self._put, self._tid = ring.put, ring.tid
        self._identities = Identities(ring)
        self._cache = CacheStat()

    def install(self) -> None:
        """Swap every attribute in the tables that this system has."""
        for attribute, (name, describe) in OS_CALLS.items():
            original = getattr(os, attribute, None)
            if original is not None:
                setattr(os, attribute, self._wrap(original, name, describe))
        for attribute, (name, describe) in SOCKET_CALLS.items():
            original = getattr(socket.socket, attribute)
            setattr(socket.socket, attribute, self._wrap(original, name, describe))
        self._swap_socket_close()
        self._swap_mmap()
        if hasattr(select, "epoll"):
            self._swap_epoll()

    def _wrap(self, original: Callable[..., Any], name: str, describe: Describe) -> Any:
        number = _NUMBER[name]

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                described = describe(*args, **kwargs)
            except (TypeError, ValueError, OSError, AttributeError):
                # A form this shim does not know, or one the call itself will refuse.
                return original(*args, **kwargs)
            sock = args[0] if args and isinstance(args[0], socket.socket) else None
            return self.record(number, described, lambda: original(*args, **kwargs), sock)

        return call

    def record(
        self, number: int, described: Described, make: Callable[[], Any], sock: Any = None
    ) -> Any:
        """Make a call and write its records around it; returns or raises what it does."""
        tid = self._tid()
        self._before(tid, NAMES[number], described, sock)
        usage = None if _THREAD is None else resource.getrusage(_THREAD)
        values = (*described.values, 0, 0, 0, 0, 0, 0)[:6]
        self._put(monotonic_ns(), tid, CALL_ENTER, number, *values, len(described.values))
        ret = 0
        try:
            result = make()
            ret = _returned(result) if described.returns is None else described.returns
        except OSError as error:
            ret = -(error.errno or errno.EIO)
            raise
        finally:
            self._put(monotonic_ns(), tid, CALL_EXIT, number, ret, 0, 0, 0, 0, 0, 0)
            if usage is not None and _THREAD is not None:
                self._after(tid, usage, resource.getrusage(_THREAD))
            if NAMES[number] in ("openat", "close", "accept4"):
                self._identities.forget(described.values[0] if NAMES[number] == "close" else ret)
        if NAMES[number] == "accept4":
            # Named now: later calls (os.sendfile) know only its number.
            self._identities.of(ret, result[0])
        return result

    def _before(self, tid: int, name: str, described: Described, sock: Any) -> None:
        for fd, given in described.fds:
            kind, dev, ino = self._identities.of(fd, sock)
            sequential = kind == _FILE and name in ("read", "write")
            position = self._identities.place(fd) if sequential else given
            self._put(monotonic_ns(), tid, CALL_FD, 0, fd, kind, dev, ino, position, 0, 0)
        if described.reads is None or not self._cache.works:
            return
        fd, start, size = described.reads
        kind, dev, ino = self._identities.of(fd)
        found = self._cache.query(fd, start, size) if kind == _FILE and size > 0 else None
        if found is not None:
            first = start // PAGE
            pages = (start + size - 1) // PAGE - first + 1
            values = (dev, ino, first, pages, *found)
            self._put(monotonic_ns(), tid, CALL_CACHE, 0, *values, 0)

    def _after(self, tid: int, before: Any, now: Any) -> None:
        deltas = (
            now.ru_minflt - before.ru_minflt,
            now.ru_majflt - before.ru_majflt,
            now.ru_nvcsw - before.ru_nvcsw,
            now.ru_nivcsw - before.ru_nivcsw,
        )
        if any(deltas):
            self._put(monotonic_ns(), tid, CALL_USAGE, 0, *deltas, 0, 0, 0)

    def _swap_socket_close(self) -> None:
        original, forget = socket.socket.close, self._identities.forget

        @functools.wraps(original)
        def close(sock: socket.socket) -> None:
            forget(sock.fileno())
            original(sock)

        setattr(socket.socket, "close", close)  # noqa: B010 - a method is not assignable to mypy

    def _swap_mmap(self) -> None:
        shim = self

        class Mapping(mmap.mmap):
            def __new__(cls, fileno: int, length: int, *args: Any, **kwargs: Any) -> Any:
                def make() -> Any:
                    return super(Mapping, cls).__new__(cls, fileno, length, *args, **kwargs)

                start = kwargs.get("offset", 0)
                values = (0, length, kwargs.get("prot", 3), kwargs.get("flags", 1), fileno, start)
                fds = ((fileno, start),) if fileno >= 0 else ()
                return shim.record(_NUMBER["mmap"], Described(values, fds), make)

            def flush(self, offset: int = 0, size: int = 0) -> Any:
                described = Described((0, size or len(self), MS_SYNC))
                make = functools.partial(super().flush, *((offset, size) if size else ()))
                return shim.record(_NUMBER["msync"], described, make)

        Mapping.__name__ = Mapping.__qualname__ = "mmap"
        setattr(mmap, "mmap", Mapping)  # noqa: B010 - a class is not assignable to mypy

    def _swap_epoll(self) -> None:
        shim, original = self, select.epoll

        class Epoll:
            """Stands for an epoll object: its type may neither be changed nor subclassed."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                self._real = original(*args, **kwargs)

            def poll(self, timeout: float | None = None, maxevents: int = -1) -> Any:
                wait = -1 if timeout is None or timeout < 0 else int(timeout * 1000)
                values = (self._real.fileno(), 0, maxevents, wait)
                described = Described(values, ((values[0], NOWHERE),))
                make = functools.partial(self._real.poll, timeout, maxevents)
                return shim.record(_NUMBER["epoll_wait"], described, make)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                self._real.close()

        for constant in ("fromfd",):
            setattr(Epoll, constant, getattr(original, constant))
        setattr(select, "epoll", Epoll)  # noqa: B010 - a class is not assignable to mypy


def _returned(result: Any) -> int:
    """Return what the kernel returned, from what Python made of it."""
    if isinstance(result, int):
        return int(result)
    if isinstance(result, bytes | list):
        return len(result)
    if isinstance(result, tuple) and result and isinstance(result[0], socket.socket):
        return result[0].fileno()
    return 0
