"""A workload with prime counts: ``python -m tests.traces.probes.workload DIR``.

23 pwrites of 1000 bytes, 7 fsyncs, 13 preads of 100 bytes, 11 sendfiles of 500 bytes over
loopback TCP, received by 11 recvs.
"""

import os
import socket
import sys

APPENDS, FSYNCS, PREADS, FETCHES = 23, 7, 13, 11


def append(fd: int) -> None:
    """Write the records."""
    for number in range(APPENDS):
        os.pwrite(fd, b"r" * 1000, number * 1000)


def flush(fd: int) -> None:
    """Force them to the disk."""
    for _ in range(FSYNCS):
        os.fsync(fd)


def look_up(fd: int) -> None:
    """Read some of them."""
    for number in range(PREADS):
        os.pread(fd, 100, number * 10)


def fetch(fd: int) -> None:
    """Send some to a consumer in this same process."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as consumer,
        server.accept()[0] as producer,
    ):
        for number in range(FETCHES):
            os.sendfile(producer.fileno(), fd, number * 500, 500)
            consumer.recv(500, socket.MSG_WAITALL)


def main() -> None:
    """Do all of it."""
    fd = os.open(os.path.join(sys.argv[1], "known.log"), os.O_RDWR | os.O_CREAT)
    append(fd)
    flush(fd)
    look_up(fd)
    fetch(fd)
    os.close(fd)


if __name__ == "__main__":
    main()
