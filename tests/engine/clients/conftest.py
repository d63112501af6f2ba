"""A real broker, and a peer that answers with given bytes."""

import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.clients.client_utils import Address, parse_address

DEADLINE_S = 30.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Address]:
    """A broker process with two partitions a topic, on a port of its own."""
    command = [sys.executable, "-m", "engine", "broker", "--data-dir", str(tmp_path / "data")]
    command += ["--port", "0", "--override", "num.partitions=2"]
    with (tmp_path / "broker.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield _address_of(process, tmp_path / "broker.log")
        finally:
            process.terminate()
            process.wait(DEADLINE_S)
            if process.stdout is not None:
                process.stdout.close()


def _address_of(process: "subprocess.Popen[str]", log: Path) -> Address:
    """What the broker says it listens on; a broker that says nothing in time is killed."""
    assert process.stdout is not None
    timer = threading.Timer(DEADLINE_S, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    timer.join()
    assert line.startswith("listening on "), log.read_text()
    return parse_address(line.split()[-1])


Answers = Callable[[list[bytes]], Address]


@pytest.fixture
def peer() -> Iterator[Answers]:
    """Starts a listener that answers each request with the next of the bytes, then closes."""
    threads: list[threading.Thread] = []
    failures: queue.Queue[BaseException] = queue.Queue()

    def start(answers: list[bytes]) -> Address:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(DEADLINE_S)
        port = listener.getsockname()[1]

        def serve() -> None:
            try:
                _answer(listener, answers)
            except OSError as error:
                failures.put(error)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return Address("127.0.0.1", port)

    yield start
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
    assert failures.empty(), failures.get()


def _answer(listener: socket.socket, answers: list[bytes]) -> None:
    with listener, listener.accept()[0] as connection, connection.makefile("rb") as requests:
        for answer in answers:
            size = requests.read(4)
            requests.read(int.from_bytes(size, "big"))
            connection.sendall(answer)
