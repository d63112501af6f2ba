"""Every kind of call that the shim wraps: ``python -m tests.traces.probes.shim_program DIR``."""

import contextlib
import mmap
import os
import select
import socket
import sys


def talk() -> None:
    """Accept, send and receive over loopback; be refused once for want of data."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as peer,
    ):
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.recv(10)
        peer.sendmsg([b"ab", b"c"])
        peer.send(b"de")
        if hasattr(select, "epoll"):
            with select.epoll() as poller:
                poller.register(client.fileno(), select.EPOLLIN)
                assert poller.poll(5) == [(client.fileno(), select.EPOLLIN)]
        buffer = bytearray(64)
        assert client.recv_into(buffer) == 5
        assert buffer[:5] == b"abcde"


def files(directory: str) -> None:
    """Write, map, and fail to open."""
    fd = os.open(os.path.join(directory, "shim.log"), os.O_RDWR | os.O_CREAT)
    os.write(fd, b"x" * 300)
    os.write(fd, b"y" * 200)
    os.ftruncate(fd, 4096)
    with mmap.mmap(fd, 4096) as mapping:
        assert isinstance(mapping, mmap.mmap)
        assert mapping[299:301] == b"xy"
        mapping.flush()
    os.close(fd)
    if hasattr(os, "eventfd"):
        wake = os.eventfd(0)
        os.eventfd_write(wake, 3)
        assert os.eventfd_read(wake) == 3
        os.close(wake)
    with contextlib.suppress(FileNotFoundError):
        os.open(os.path.join(directory, "none"), os.O_RDONLY)


def main() -> None:
    """Do all of it."""
    talk()
    files(sys.argv[1])


if __name__ == "__main__":
    main()
