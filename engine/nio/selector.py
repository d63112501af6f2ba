"""Waits for many channels at once.

One epoll instance and one eventfd; ``wakeup`` adds to the eventfd's counter, which makes its
descriptor readable and so ends a wait in another thread.

System calls: ``epoll_create1``, ``eventfd2``, ``epoll_ctl`` (register, interest, cancel),
``epoll_wait`` (select), ``write`` of 8 bytes (wakeup), ``read`` of 8 bytes (after a wakeup).

JDK: sun.nio.ch.EPollSelectorImpl
"""

import contextlib
import os
import select
import threading
from typing import Any

from engine.nio.selection_key import (
    OP_ACCEPT,
    OP_CONNECT,
    OP_READ,
    OP_WRITE,
    SelectableChannel,
    SelectionKey,
)

_HANGUP = select.EPOLLHUP | select.EPOLLERR


def _to_events(ops: int) -> int:
    events = select.EPOLLIN if ops & (OP_READ | OP_ACCEPT) else 0
    return events | (select.EPOLLOUT if ops & (OP_WRITE | OP_CONNECT) else 0)


def _to_ops(events: int, interest: int) -> int:
    # A broken connection makes everything ready, so that the next call reports what happened.
    if events & _HANGUP:
        return interest
    ops = OP_READ | OP_ACCEPT if events & select.EPOLLIN else 0
    return interest & (ops | (OP_WRITE | OP_CONNECT if events & select.EPOLLOUT else 0))


class Selector:
    """An epoll set; ``select`` belongs to one thread, ``wakeup`` may be called from any."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._event_fd, select.EPOLLIN)
        self._keys: dict[int, SelectionKey] = {}
        self._wakeup_lock = threading.Lock()
        self._wakeup_pending = False
        self._open = True

    def register(
        self,
        channel: SelectableChannel,
        ops: int,
        attachment: Any = None,
    ) -> SelectionKey:
        """Waits for ``ops`` on a channel from now on; OSError if it is registered already."""
        key = SelectionKey(channel, ops, attachment, self._update)
        self._epoll.register(key.fd, _to_events(ops))
        self._keys[key.fd] = key
        return key

    def cancel(self, key: SelectionKey) -> None:
        """Forgets a channel; call it before closing the channel. Safe to call twice."""
        if not key.valid:
            return
        key.valid = False
        if self._keys.get(key.fd) is key:
            del self._keys[key.fd]
        # A descriptor that was closed first has left the epoll set by itself (epoll(7)).
        with contextlib.suppress(OSError, ValueError):
            self._epoll.unregister(key.fd)

    @property
    def keys(self) -> tuple[SelectionKey, ...]:
        """All registrations."""
        return tuple(self._keys.values())

    def select(self, timeout: float | None = None) -> list[SelectionKey]:
        """Waits up to ``timeout`` seconds (None: for ever, 0: not at all); the keys that are ready.

        Returns an empty list at the timeout and after ``wakeup``.
        """
        events = self._epoll.poll(timeout)
        ready = []
        for fd, bits in events:
            if fd == self._event_fd:
                self._clear_wakeup()
                continue
            key = self._keys.get(fd)
            if key is not None:
                key.ready_ops = _to_ops(bits, key.interest_ops)
                ready.append(key)
        return ready

    def wakeup(self) -> None:
        """Ends a ``select`` that is waiting, or the next one; several calls count as one."""
        with self._wakeup_lock:
            if self._wakeup_pending or not self._open:
                return
            self._wakeup_pending = True
            os.eventfd_write(self._event_fd, 1)

    def close(self) -> None:
        """Gives both descriptors back; channels stay open. Safe to call twice."""
        with self._wakeup_lock:
            if not self._open:
                return
            self._open = False
            os.close(self._event_fd)
        self._epoll.close()
        self._keys.clear()

    def _update(self, key: SelectionKey) -> None:
        self._epoll.modify(key.fd, _to_events(key.interest_ops))

    def _clear_wakeup(self) -> None:
        with self._wakeup_lock:
            self._wakeup_pending = False
            os.eventfd_read(self._event_fd)
