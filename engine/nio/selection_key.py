"""A channel's registration with a selector: what it waits for, and what has come.

System calls: none of its own; changing ``interest_ops`` is the selector's ``epoll_ctl``.

Kafka: none, because it is the JDK's own, sun.nio.ch.SelectionKeyImpl
"""

from collections.abc import Callable
from typing import Any, Protocol

OP_READ = 1
OP_WRITE = 4
OP_CONNECT = 8
OP_ACCEPT = 16


class SelectableChannel(Protocol):
    """Anything that has a descriptor to wait on."""

    def fileno(self) -> int:
        """The descriptor, -1 once closed."""
        ...


class SelectionKey:
    """Interest and readiness as Java's bit sets (``OP_READ`` and its siblings)."""

    __slots__ = ("_interest_ops", "_update", "attachment", "channel", "fd", "ready_ops", "valid")

    def __init__(
        self,
        channel: SelectableChannel,
        ops: int,
        attachment: Any,
        update: "Callable[[SelectionKey], None]",
    ) -> None:
        self.channel = channel
        self.fd = channel.fileno()
        self.attachment = attachment
        self.ready_ops = 0
        self.valid = True
        self._interest_ops = ops
        self._update = update

    @property
    def interest_ops(self) -> int:
        """What is waited for; setting it tells the kernel only if something changes."""
        return self._interest_ops

    @interest_ops.setter
    def interest_ops(self, ops: int) -> None:
        if ops != self._interest_ops:
            self._interest_ops = ops
            if self.valid:
                self._update(self)

    @property
    def is_readable(self) -> bool:
        """Bytes, or the end of the stream, can be read without waiting."""
        return bool(self.ready_ops & OP_READ)

    @property
    def is_writable(self) -> bool:
        """The socket buffer has room."""
        return bool(self.ready_ops & OP_WRITE)

    @property
    def is_acceptable(self) -> bool:
        """A connection is waiting."""
        return bool(self.ready_ops & OP_ACCEPT)

    @property
    def is_connectable(self) -> bool:
        """A non-blocking connect has come to its end."""
        return bool(self.ready_ops & OP_CONNECT)
