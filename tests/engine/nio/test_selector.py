"""Waiting on many channels."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from engine.nio.selection_key import OP_ACCEPT, OP_READ, OP_WRITE
from engine.nio.selector import Selector
from engine.nio.server_socket_channel import ServerSocketChannel
from engine.nio.socket_channel import SocketChannel

WAIT = 10


@pytest.fixture
def selector() -> Iterator[Selector]:
    """A selector that is closed afterwards."""
    with closing(Selector()) as one:
        yield one


@pytest.fixture
def server() -> Iterator[ServerSocketChannel]:
    """A server on a port of the kernel's choice."""
    with closing(ServerSocketChannel.bind("127.0.0.1", 0)) as one:
        yield one


def test_a_conversation(selector: Selector, server: ServerSocketChannel) -> None:
    """Accept, read, write, end of stream: each is announced, and nothing else."""
    assert server.accept() is None
    listening = selector.register(server, OP_ACCEPT, "listener")
    assert selector.select(0) == []
    client = SocketChannel.connect(*server.local_address)
    assert selector.select(WAIT) == [listening]
    assert listening.is_acceptable
    accepted = server.accept()
    assert accepted is not None
    assert (accepted.local_address, accepted.remote_address) == (
        client.remote_address,
        client.local_address,
    )
    with closing(accepted):
        accepted.configure_blocking(blocking=False)
        key = selector.register(accepted, OP_READ)
        buffer = bytearray(16)
        assert accepted.read_into(buffer) == 0
        assert selector.select(0) == []
        client.write([b"he", bytearray(b"ll"), memoryview(b"o")])
        assert selector.select(WAIT) == [key]
        assert (key.is_readable, key.is_writable) == (True, False)
        assert accepted.read_into(memoryview(buffer)[2:]) == 5
        assert buffer[2:7] == b"hello"
        key.interest_ops = OP_WRITE
        assert selector.select(WAIT) == [key]
        assert (key.is_readable, key.is_writable) == (False, True)
        key.interest_ops = OP_READ
        client.close()
        assert selector.select(WAIT) == [key]
        assert accepted.read_into(buffer) == -1
        selector.cancel(key)
        selector.cancel(key)
        assert selector.select(0) == []
        assert selector.keys == (listening,)


def test_wakeup_ends_a_wait_in_another_thread(selector: Selector) -> None:
    """The waiting thread returns with nothing, and the next wait is a wait again."""
    results: list[object] = []
    started = threading.Event()

    def wait() -> None:
        started.set()
        results.append(selector.select(WAIT))

    waiting = threading.Thread(target=wait)
    waiting.start()
    started.wait(WAIT)
    selector.wakeup()
    selector.wakeup()
    waiting.join(WAIT)
    assert results == [[]]
    assert selector.select(0.01) == []


def test_wakeup_before_the_wait_counts(selector: Selector) -> None:
    """A wakeup that nobody waited for ends the next wait at once, for ever is not for ever."""
    selector.wakeup()
    assert selector.select(None) == []


def test_a_taken_port_is_refused(server: ServerSocketChannel) -> None:
    """Two listeners on one port are an error of the second."""
    with pytest.raises(OSError, match="in use"):
        ServerSocketChannel.bind(*server.local_address)


def test_closing_is_safe_twice(server: ServerSocketChannel) -> None:
    """Whoever cleans up need not know who else did."""
    selector = Selector()
    client = SocketChannel.connect(*server.local_address)
    for _ in range(2):
        client.close()
        selector.close()
        server.close()
    selector.wakeup()
    assert (client.is_open, client.fileno(), server.fileno()) == (False, -1, -1)
