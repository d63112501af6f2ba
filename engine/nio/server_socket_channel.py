"""A listening TCP socket.

System calls: ``socket``, ``setsockopt(SO_REUSEADDR)``, ``bind``, ``listen``, ``accept4``, ``close``.

JDK: sun.nio.ch.ServerSocketChannelImpl
"""

import socket

from engine.nio.socket_channel import SocketChannel
from engine.nio.socket_dispatcher import SocketDispatcher


class ServerSocketChannel:
    """Accepts connections; non-blocking unless told otherwise."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def bind(
        cls, host: str, port: int, *, backlog: int = 50, receive_buffer: int = -1
    ) -> "ServerSocketChannel":
        """Listens on ``host:port`` (0: any free port); OSError if the port is taken.

        ``receive_buffer`` is set before listening, because accepted sockets inherit it (tcp(7)).
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if receive_buffer >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.bind((host, port))
            sock.listen(backlog)
            sock.settimeout(0)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    def configure_blocking(self, *, blocking: bool) -> None:
        """Whether ``accept`` waits."""
        self._socket.setblocking(blocking)

    def accept(self) -> SocketChannel | None:
        """The next connection, or None if there is none yet (or it is gone again)."""
        try:
            connection = SocketDispatcher.accept(self._socket)
        except (BlockingIOError, ConnectionAbortedError):
            return None
        try:
            return SocketChannel(connection)
        except OSError:
            connection.close()
            return None

    @property
    def local_address(self) -> tuple[str, int]:
        """Host and the port that was really bound."""
        name = self._socket.getsockname()
        return str(name[0]), int(name[1])

    def fileno(self) -> int:
        """The descriptor, -1 once closed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stops listening; safe to call twice."""
        self._socket.close()
