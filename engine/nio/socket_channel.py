"""A TCP connection.

System calls: ``socket``/``connect``/``accept4``, ``recvfrom``, ``sendto``, ``sendmsg``, ``close``;
``setsockopt(TCP_NODELAY)`` once, as Kafka sets it: a response is written in as few calls as
possible, and Nagle's algorithm would only hold the last piece back (tcp(7)).

JDK: sun.nio.ch.SocketChannelImpl
"""

import contextlib
import functools
import socket
from collections.abc import Sequence

from engine.nio.buffer import Buffer, WritableBuffer
from engine.nio.io_util import IOUtil
from engine.nio.socket_dispatcher import SocketDispatcher

# sendmsg(2) takes at most IOV_MAX buffers, 1024 on Linux.
IOV_MAX = 1024


def _address(name: object) -> str:
    if isinstance(name, tuple):
        return f"{name[0]}:{name[1]}"
    return str(name)


class SocketChannel:
    """A connected socket, blocking until ``configure_blocking(blocking=False)``."""

    def __init__(self, sock: socket.socket) -> None:
        # A socket pair of AF_UNIX, as tests use, has no Nagle to switch off.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._local = _address(sock.getsockname())
        self._remote = _address(sock.getpeername())

    @classmethod
    def connect(cls, host: str, port: int, *, timeout: float | None = None) -> "SocketChannel":
        """Opens a blocking connection; OSError if nobody answers within ``timeout`` seconds."""
        sock = socket.create_connection((host, port), timeout)
        sock.settimeout(None)
        return cls(sock)

    def configure_blocking(self, *, blocking: bool) -> None:
        """Whether reads and writes wait."""
        self._socket.setblocking(blocking)

    def set_buffer_sizes(self, *, send: int = -1, receive: int = -1) -> None:
        """``SO_SNDBUF`` and ``SO_RCVBUF`` in bytes; -1 leaves the kernel's default."""
        if send >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send)
        if receive >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)

    def read_into(self, dst: WritableBuffer) -> int:
        """Receives into ``dst``: the bytes read, 0 if it would block, -1 at the end of the stream."""
        if len(dst) == 0:
            return 0
        try:
            count = IOUtil.read(functools.partial(SocketDispatcher.read, self._socket), dst)
        except BlockingIOError:
            return 0
        return count if count > 0 else -1

    def write(self, buffers: Sequence[Buffer]) -> int:
        """Sends from the buffers in one call: the bytes taken, which may be fewer; 0 would block."""
        try:
            if len(buffers) == 1:
                native = functools.partial(SocketDispatcher.write, self._socket)
                return IOUtil.write(native, buffers[0])
            return SocketDispatcher.writev(self._socket, buffers[:IOV_MAX])
        except BlockingIOError:
            return 0

    def shutdown_output(self) -> None:
        """Tells the peer that nothing more will come."""
        self._socket.shutdown(socket.SHUT_WR)

    def fileno(self) -> int:
        """The descriptor, -1 once closed."""
        return self._socket.fileno()

    @property
    def local_address(self) -> str:
        """``host:port`` of this end."""
        return self._local

    @property
    def remote_address(self) -> str:
        """``host:port`` of the other end."""
        return self._remote

    @property
    def is_open(self) -> bool:
        """Whether ``close`` has not been called."""
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """Closes the connection; safe to call twice."""
        self._socket.close()
