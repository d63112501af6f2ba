"""A program with known counts: python workload.py FOLDER; prints what it did as one JSON line.

All counts are primes, so that no count can be
right by adding up others.
"""

import json
import mmap
import os
import socket
import sys
from pathlib import Path

APPENDS = 23
SYNCS = 7
SENDFILES = 11
READS = 13
TOUCHES = 5
CHUNK = 12288
STRIDE = 256 * 1024


def connection() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far


def main(folder: Path) -> None:
    """Append, sync, fetch both ways, touch a mapped file."""
    log = os.open(folder / "a.log", os.O_RDWR | os.O_CREAT)
    index = os.open(folder / "a.index", os.O_RDWR | os.O_CREAT)
    os.ftruncate(index, TOUCHES * STRIDE)
    for number in range(TOUCHES):  # page by page: a large folio would be mapped at one touch
        os.pwrite(index, b"i", number * STRIDE)
    near, far = connection()
    buffer = bytearray(CHUNK)
    for number in range(APPENDS):
        os.pwrite(log, bytes(CHUNK), number * CHUNK)
        if number < SYNCS:
            os.fsync(log)
    for number in range(SENDFILES):
        os.sendfile(near.fileno(), log, number * CHUNK, CHUNK)
        far.recv_into(buffer, CHUNK, socket.MSG_WAITALL)
    for number in range(READS):
        near.send(os.pread(log, CHUNK, number * CHUNK))
        far.recv_into(buffer, CHUNK, socket.MSG_WAITALL)
    with mmap.mmap(index, TOUCHES * STRIDE) as view:
        for number in range(TOUCHES):
            view[number * STRIDE] = 1
    files = {name: os.fstat(fd).st_ino for name, fd in (("log", log), ("index", index))}
    port = near.getsockname()[1]
    print(json.dumps({"pid": os.getpid(), "dev": os.fstat(log).st_dev, "port": port, **files}))
    near.close()
    far.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
