"""A small program to watch: run as ``python -m tests.traces.probes.sample_program DIR``."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator


class Log:
    """Appends to a file."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)

    def append(self, data: bytes, position: int) -> int:
        """Write at a position."""
        size = len(data)
        os.pwrite(self.fd, data, position)
        return size

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


def fail() -> None:
    """Raise, so that the span ends by unwinding."""
    raise ValueError("on purpose")


def numbers() -> Iterator[int]:
    """Yield twice."""
    yield 1
    yield 2


def unwatched(log: Log) -> None:
    """Call a watched function from one that is not watched."""
    log.append(b"x" * 100, 0)


def worker(log: Log) -> None:
    """Run in a thread of its own."""
    log.append(b"y" * 50, 100)


def main() -> int:
    """Do a bit of everything; the exit code is the number of arguments."""
    log = Log(os.path.join(sys.argv[1], "sample.log"))
    unwatched(log)
    thread = threading.Thread(target=worker, args=(log,), name="sample-worker")
    thread.start()
    thread.join()
    with contextlib.suppress(ValueError):
        fail()
    total = sum(numbers())
    log.close()
    os.write(1, f"{sys.argv[1:]} {__name__} {total}\n".encode())
    return len(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
