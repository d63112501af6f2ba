"""The system calls on connected sockets, one line each.

=========  ===================================
read       ``recvfrom(2)`` into a given buffer
write      ``sendto(2)``
writev     ``sendmsg(2)``, several buffers
=========  ===================================

The JDK calls read/write/writev on the descriptor; CPython's socket methods reach the same kernel
paths by recvfrom/sendto/sendmsg.

JDK: sun.nio.ch.SocketDispatcher
"""

import socket
from collections.abc import Sequence

from engine.nio.buffer import Buffer, WritableBuffer


class SocketDispatcher:
    """Native operations by socket; BlockingIOError where a non-blocking socket would wait."""

    @staticmethod
    def read(sock: socket.socket, dst: WritableBuffer) -> int:
        """Receives into ``dst``; 0 means that the peer has closed."""
        return sock.recv_into(dst)

    @staticmethod
    def write(sock: socket.socket, src: Buffer) -> int:
        """Sends from ``src``; returns the bytes the socket buffer took."""
        return sock.send(src)

    @staticmethod
    def writev(sock: socket.socket, sources: Sequence[Buffer]) -> int:
        """Sends from several buffers in one call; returns the bytes taken in all."""
        return sock.sendmsg(sources)

    @staticmethod
    def accept(sock: socket.socket) -> socket.socket:
        """``accept4(2)``: the next connection."""
        return sock.accept()[0]
