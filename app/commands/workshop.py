"""The processes under study: a broker and its clients as children, always stopped again."""

import contextlib
import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

import click

from app.commands.engine import engine_argv
from traces.recorder.recorder import Recorder

READY: Final = "listening on "
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
CLIENT_SECONDS: Final = 600.0

PIPES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        # Ctrl-C is ours to handle: it must not reach the broker before the trace is whole.
        "start_new_session": True,
    }
)

Process = subprocess.Popen[bytes]
Spawn = Callable[[list[str], str], Process]
"""Starts argv in a role (broker, producer, consumer) with its output in pipes."""


def spawn_plain(argv: list[str], role: str) -> Process:
    """Start a process that nobody watches."""
    del role
    return subprocess.Popen(argv, **PIPES)


def spawn_watched(recorder: Recorder) -> Spawn:
    """The way to start processes that ``recorder`` watches; a broker is held until released."""
    return lambda argv, role: recorder.spawn(argv, role, held=role == "broker", **PIPES)


class Lines:
    """A pipe's lines, collected by a thread so that the writer never waits for us."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> str | None:
        """The next line without its end; None at the end of the pipe or of the time."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def rest(self) -> list[str]:
        """All lines that are left once the writer has gone."""
        self._thread.join(STOP_SECONDS)
        lines = []
        while (line := self.next(0)) is not None:
            lines.append(line)
        return lines

    def _collect(self, stream: IO[bytes] | None) -> None:
        if stream is not None:
            with stream:
                for line in stream:
                    self._queue.put(line.decode("utf-8", "replace").rstrip("\n"))
        self._queue.put(None)


class Broker:
    """A running broker: where it listens, which process it is."""

    def __init__(self, process: Process, address: str) -> None:
        self.process = process
        self.address = address
        self.pid = process.pid

    def cpu_ns(self) -> int:
        """Processor time of all its threads so far, nanoseconds, user and kernel together."""
        total = 0
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
        return total


@contextlib.contextmanager
def running_broker(
    spawn: Spawn, data_dir: Path, overrides: Mapping[str, str] | None = None
) -> Iterator[Broker]:
    """A broker on a free loopback port, stopped cleanly whatever happens inside.

    Raises ClickException if it does not come up, with its own last words.
    """
    argv = engine_argv("broker", ("--data-dir", str(data_dir), "--port", "0"))
    for name, value in (overrides or {}).items():
        argv += ["--override", f"{name}={value}"]
    process = spawn(argv, "broker")
    try:
        lines, errors = Lines(process.stdout), Lines(process.stderr)
        yield Broker(process, _address(process, lines, errors))
    finally:
        stop(process)


def _address(process: Process, lines: Lines, errors: Lines) -> str:
    deadline = time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        line = lines.next(left)
        if line is None:
            break
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    stop(process)
    words = " ".join(errors.rest()[-3:]) or "it said nothing"
    raise click.ClickException(
        f"The broker did not start ({words}): try `kafkascope broker` by itself, "
        "or another --output-dir."
    )


def stop(process: Process) -> None:
    """SIGTERM, and SIGKILL if that does not help. Safe to call twice."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_client(spawn: Spawn, command: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    """Run ``produce`` or ``consume`` to its end; return the JSON summary it prints last.

    Raises ClickException with the client's own last words if it fails.
    """
    role = {"produce": "producer", "consume": "consumer"}[command]
    process = spawn(engine_argv(command, arguments), role)
    try:
        output, errors = Lines(process.stdout), Lines(process.stderr)
        try:
            code = process.wait(CLIENT_SECONDS)
        except subprocess.TimeoutExpired:
            code = -1
    finally:
        stop(process)
    lines = output.rest()
    if code != 0 or not lines:
        words = " ".join(errors.rest()[-3:]) or f"exit code {code}"
        raise click.ClickException(f"The {role} failed ({words}): run the command again.")
    summary: dict[str, Any] = json.loads(lines[-1])
    return summary
