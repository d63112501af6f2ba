"""What sending a file costs, as a ratio against the bare system call under it.

Repeat with: make bench. The figures are printed, and only a gross loss fails: a busy machine must
not decide whether a change is good.
"""

import os
import socket
import threading
from pathlib import Path

import pytest

from engine.nio.file_channel import FileChannel
from engine.nio.socket_channel import SocketChannel
from engine.nio.transfer_mode import TransferMode
from tests.benchmarks.measure import medians, report, seconds

SIZE = 64 * 1024 * 1024
CHUNK = 1024 * 1024


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file of ``SIZE`` bytes in the page cache."""
    path = tmp_path / "log"
    path.write_bytes(os.urandom(CHUNK) * (SIZE // CHUNK))
    return path


def test_transfer_to_against_sendfile(log: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    drain = threading.Thread(target=_drain, args=(server,))
    drain.start()
    channel = SocketChannel.connect("127.0.0.1", server.getsockname()[1])
    file = FileChannel.open(str(log), read_only=True)
    FileChannel.transfer_mode = TransferMode.SENDFILE
    try:
        found = medians(
            {
                "ours": lambda: seconds(lambda: _transfer_all(file, channel)),
                "bare": lambda: seconds(lambda: _sendfile_all(file.fileno(), channel.fileno())),
            },
            rounds=15,
        )
    finally:
        FileChannel.transfer_mode = TransferMode.AUTO
        channel.close()
        drain.join()
        file.close()
        server.close()
    report(f"transfer_to of {SIZE >> 20} MiB against sendfile", found["ours"], found["bare"], 0.95)


def _drain(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        buffer = bytearray(CHUNK)
        while peer.recv_into(buffer):
            pass


def _transfer_all(file: FileChannel, channel: SocketChannel) -> None:
    position = 0
    while position < SIZE:
        position += file.transfer_to(position, min(CHUNK, SIZE - position), channel)


def _sendfile_all(source: int, target: int) -> None:
    position = 0
    while position < SIZE:
        position += os.sendfile(target, source, position, min(CHUNK, SIZE - position))
