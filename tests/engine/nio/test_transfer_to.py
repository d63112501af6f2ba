"""A file's bytes over a real connection, by each way there is."""

import errno
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.nio.file_channel import FileChannel
from engine.nio.file_dispatcher import FileDispatcher
from engine.nio.selection_key import OP_WRITE
from engine.nio.selector import Selector
from engine.nio.server_socket_channel import ServerSocketChannel
from engine.nio.socket_channel import SocketChannel
from engine.nio.transfer_mode import TransferMode

# Odd on purpose: neither a multiple of a page nor of any buffer.
DATA = bytes(range(256)) * 2749 + b"tail"
SKIP = 4099


class Receiver(threading.Thread):
    """Takes everything that comes, ``step`` bytes at a time."""

    def __init__(self, channel: SocketChannel, step: int) -> None:
        super().__init__()
        self.channel = channel
        self.step = step
        self.received = bytearray()

    def run(self) -> None:
        """Reads until the sender closes."""
        buffer = bytearray(self.step)
        while (count := self.channel.read_into(memoryview(buffer))) > 0:
            self.received += buffer[:count]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[FileChannel]:
    """A file with DATA."""
    path = tmp_path / "data.log"
    path.write_bytes(DATA)
    with closing(FileChannel.open(str(path), read_only=True)) as channel:
        yield channel


@pytest.fixture
def connection() -> Iterator[tuple[SocketChannel, SocketChannel]]:
    """Two ends over loopback: a non-blocking sender with small buffers, and a receiver."""
    with closing(ServerSocketChannel.bind("127.0.0.1", 0, receive_buffer=4096)) as server:
        server.configure_blocking(blocking=True)
        with closing(SocketChannel.connect(*server.local_address)) as sender:
            accepted = server.accept()
            assert accepted is not None
            with closing(accepted) as receiver:
                receiver.configure_blocking(blocking=True)
                sender.set_buffer_sizes(send=4096)
                sender.configure_blocking(blocking=False)
                yield sender, receiver


@pytest.fixture
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TransferMode:
    """The way that is forced for the test."""
    chosen = TransferMode(request.param)
    monkeypatch.setattr(FileChannel, "transfer_mode", chosen)
    return chosen


def send_all(file: FileChannel, sender: SocketChannel, start: int) -> int:
    """Sends from ``start`` to the end, waiting whenever the socket is full; how often it was."""
    waits = 0
    with closing(Selector()) as selector:
        selector.register(sender, OP_WRITE)
        while start < len(DATA):
            sent = file.transfer_to(start, len(DATA) - start, sender)
            start += sent
            if sent == 0:
                waits += 1
                assert selector.select(10), "the receiver has stopped reading"
    return waits


every_mode = pytest.mark.parametrize("mode", list(TransferMode), indirect=True)


@every_mode
def test_every_byte_arrives_at_a_slow_receiver(
    mode: TransferMode, file: FileChannel, connection: tuple[SocketChannel, SocketChannel]
) -> None:
    """Partial sends and full socket buffers lose nothing and repeat nothing."""
    sender, channel = connection
    receiver = Receiver(channel, 1499)
    receiver.start()
    waits = send_all(file, sender, SKIP)
    sender.shutdown_output()
    receiver.join(30)
    assert waits > 0, f"{mode} never met a full socket"
    assert receiver.received == DATA[SKIP:]


@every_mode
def test_nothing_more_than_asked_for(
    mode: TransferMode, file: FileChannel, connection: tuple[SocketChannel, SocketChannel]
) -> None:
    """``count`` is a limit, the file's end is another, and beyond it there is nothing."""
    sender, receiver = connection
    assert file.transfer_to(10, 7, sender) == 7
    assert file.transfer_to(len(DATA) - 4, 100, sender) == 4
    assert file.transfer_to(len(DATA), 100, sender) == 0
    assert file.transfer_to(len(DATA) + 5, 100, sender) == 0
    sender.shutdown_output()
    reading = Receiver(receiver, 64)
    reading.run()
    assert reading.received == DATA[10:17] + b"tail"


@every_mode
def test_a_full_socket_gives_zero(
    mode: TransferMode, file: FileChannel, connection: tuple[SocketChannel, SocketChannel]
) -> None:
    """When nobody reads, a non-blocking transfer says 0 and does not raise."""
    sender, _ = connection
    sent = -1
    for _ in range(10_000):
        sent = file.transfer_to(0, len(DATA), sender)
        if sent == 0:
            break
    assert sent == 0


@every_mode
def test_small_pieces(
    mode: TransferMode,
    file: FileChannel,
    connection: tuple[SocketChannel, SocketChannel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pieces and bounce buffers of other sizes make no difference to the bytes."""
    monkeypatch.setattr(FileChannel, "bounce_buffer_size", 1000)
    monkeypatch.setattr(FileChannel, "mapped_transfer_size", 5000)
    sender, channel = connection
    receiver = Receiver(channel, 65536)
    receiver.start()
    send_all(file, sender, 0)
    sender.shutdown_output()
    receiver.join(30)
    assert receiver.received == DATA


@pytest.mark.parametrize("mode", [TransferMode.AUTO], indirect=True)
def test_auto_falls_back_and_remembers(
    mode: TransferMode,
    file: FileChannel,
    connection: tuple[SocketChannel, SocketChannel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kernel that refuses sendfile, then mmap, is asked each once; the bytes come all the same."""
    monkeypatch.setattr(FileChannel, "_direct_not_supported", False)
    monkeypatch.setattr(FileChannel, "_mapped_not_supported", False)
    refusals = []

    def refuse(*_: object, **__: object) -> int:
        refusals.append(1)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(FileDispatcher, "transfer_to", refuse)
    monkeypatch.setattr(FileDispatcher, "map", refuse)
    sender, _ = connection
    assert file.transfer_to(0, 100, sender) == 100
    assert file.transfer_to(100, 100, sender) == 100
    assert len(refusals) == 2


@pytest.mark.parametrize("mode", [TransferMode.AUTO, TransferMode.SENDFILE], indirect=True)
def test_other_errors_are_not_hidden(
    mode: TransferMode, file: FileChannel, connection: tuple[SocketChannel, SocketChannel]
) -> None:
    """A connection that is gone is an error in every mode, not a reason to try another way."""
    sender, receiver = connection
    receiver.close()
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        send_all(file, sender, 0)
