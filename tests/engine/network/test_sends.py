"""Sending and receiving over real sockets that take and give few bytes at a time."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.network.byte_buffer_send import ByteBufferSend
from engine.network.invalid_receive_exception import InvalidReceiveException
from engine.network.multi_records_send import MultiRecordsSend, Part
from engine.network.network_receive import NetworkReceive
from engine.nio.socket_channel import SocketChannel
from engine.record.file_records import FileRecords

Pair = tuple[SocketChannel, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A channel that takes a few KiB before it is full, and the socket at its other end."""
    # A pair of AF_UNIX: small TCP buffers would wait for delayed acknowledgements (tcp(7)).
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    channel = SocketChannel(near)
    channel.configure_blocking(blocking=False)
    yield channel, far
    channel.close()
    far.close()


def drain(send: MultiRecordsSend, pair: Pair) -> tuple[bytes, int]:
    """Send to the end, reading a few bytes whenever the socket is full; the bytes and the turns."""
    channel, far = pair
    received = bytearray()
    turns = 0
    while not send.completed:
        turns += 1
        if send.write_to(channel) == 0:
            received += far.recv(3001)
    far.settimeout(20)
    while len(received) < send.size():
        received += far.recv(65536)
    return bytes(received), turns


def test_parts_leave_in_their_order(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "segment.log"
    body = bytes(index % 251 for index in range(300_000))
    path.write_bytes(body)
    records = FileRecords.open(str(path), mutable=False)
    parts: list[Part] = [
        b"head",
        bytearray(b"more head"),
        records.slice(1000, 200_000),
        memoryview(b"between"),
        records.slice(0, 0),
        records.slice(299_999, 1),
        b"x" * 50_000,
    ]
    send = MultiRecordsSend(parts)
    expected = b"headmore head" + body[1000:201_000] + b"between" + body[-1:] + b"x" * 50_000
    assert send.size() == len(expected)
    received, turns = drain(send, pair)
    records.close()
    assert received == expected
    assert turns > 10


def test_buffers_are_resumed_at_every_byte(pair: Pair) -> None:
    channel, far = pair
    send = ByteBufferSend([b"", b"ab", b"", b"cde" * 100_000])
    received = bytearray()
    while not send.completed:
        if send.write_to(channel) == 0:
            received += far.recv(1777)
    far.settimeout(20)
    while len(received) < send.size():
        received += far.recv(65536)
    assert bytes(received) == b"ab" + b"cde" * 100_000
    assert send.write_to(channel) == 0


def fill(receive: NetworkReceive, channel: SocketChannel) -> None:
    """Read until the frame is whole."""
    while not receive.complete:
        receive.read_from(channel)


def test_frames_come_in_any_pieces(pair: Pair) -> None:
    channel, far = pair
    receive = NetworkReceive(max_size=1000)
    frames = [b"first", b"", b"y" * 999]
    stream = b"".join(struct.pack(">i", len(each)) + each for each in frames)
    seen = []
    for byte in stream:
        far.send(bytes([byte]))
        while receive.read_from(channel) == 0:
            pass
        if receive.complete:
            seen.append(bytes(receive.payload()))
            receive.reset()
    assert seen == frames
    assert receive.read_from(channel) == 0
    far.close()
    assert receive.read_from(channel) == -1


@pytest.mark.parametrize("size", [-1, 1001, 0x7FFFFFFF, -0x80000000])
def test_sizes_out_of_bounds_are_refused(pair: Pair, size: int) -> None:
    channel, far = pair
    far.sendall(struct.pack(">i", size))
    receive = NetworkReceive(max_size=1000)
    with pytest.raises(InvalidReceiveException, match=str(size)):
        fill(receive, channel)


def test_the_buffer_is_used_again(pair: Pair) -> None:
    channel, far = pair
    receive = NetworkReceive(max_size=1 << 20)
    buffers = []
    for size in (4096, 10, 4000):
        far.sendall(struct.pack(">i", size) + bytes(size))
        fill(receive, channel)
        assert len(receive.payload()) == size
        buffers.append(receive.payload().obj)
        receive.reset()
    assert buffers[0] is buffers[1] is buffers[2]


def test_the_buffer_of_a_huge_frame_is_given_back(pair: Pair) -> None:
    channel, far = pair
    receive = NetworkReceive(max_size=1 << 22)
    size = (1 << 20) + 1
    data = struct.pack(">i", size) + bytes(size)
    for start in range(0, len(data), 2048):
        far.sendall(data[start : start + 2048])
        while receive.read_from(channel):
            pass
    fill(receive, channel)
    huge = receive.payload().obj
    receive.reset()
    far.sendall(struct.pack(">i", 1) + b"a")
    fill(receive, channel)
    assert receive.payload().obj is not huge
