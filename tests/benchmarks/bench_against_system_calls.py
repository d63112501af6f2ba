"""What the engine's layers cost, as ratios against the bare system calls under them.

Repeat with: make bench. The figures are printed, and only a gross loss fails: a busy machine must
not decide whether a change is good.
"""

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.nio.file_channel import FileChannel
from engine.nio.socket_channel import SocketChannel
from engine.nio.transfer_mode import TransferMode
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords

SIZE = 64 * 1024 * 1024
CHUNK = 1024 * 1024
BATCH = 16 * 1024
APPENDS = 2000
ROUNDS = 5
WORST = 5.0


def median_seconds(run: Callable[[], None]) -> float:
    """The median time of ``ROUNDS`` runs after one that does not count."""
    run()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def report(what: str, ours: float, bare: float) -> None:
    """Print one ratio and fail a gross loss."""
    print(f"\n{what}: {ours * 1e3:.2f} ms, bare {bare * 1e3:.2f} ms, {ours / bare:.2f} times")
    assert ours / bare < WORST


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
        ours = median_seconds(lambda: _transfer_all(file, channel))
        bare = median_seconds(lambda: _sendfile_all(file.fileno(), channel.fileno()))
    finally:
        FileChannel.transfer_mode = TransferMode.AUTO
        channel.close()
        drain.join()
        file.close()
        server.close()
    report(f"transfer_to of {SIZE >> 20} MiB", ours, bare)


def test_append_against_write(tmp_path: Path) -> None:
    batch = bytes(BATCH)
    records = FileRecords.open(str(tmp_path / "log"))
    fd = os.open(tmp_path / "bare", os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        ours = median_seconds(lambda: _append_all(records, MemoryRecords(memoryview(batch))))
        bare = median_seconds(lambda: _write_all(fd, batch))
    finally:
        records.close()
        os.close(fd)
    report(f"append of {APPENDS} batches of {BATCH >> 10} KiB", ours, bare)


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


def _append_all(records: FileRecords, batch: MemoryRecords) -> None:
    for _ in range(APPENDS):
        records.append(batch)


def _write_all(fd: int, batch: bytes) -> None:
    for _ in range(APPENDS):
        os.write(fd, batch)
