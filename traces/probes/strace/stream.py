"""What one strace writes, read from a FIFO: it never touches a disk under study."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from typing import Final

from traces.event import ObservedEvent
from traces.probes.strace.assembler import Assembler
from traces.probes.strace.availability import status_field

PIPE_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031  # fcntl(2), Linux; a module constant only on Linux
_CHUNK: Final = 1 << 18


class StraceStream:
    """One strace and the program it traces (``tracee``, 0 until it is known).

    When the FIFO is full, strace waits, and the program with it: slow, but nothing is lost.
    """

    def __init__(self, path: str, assembler: Assembler) -> None:
        os.mkfifo(path, 0o600)
        self.path = path
        self.assembler = assembler
        self.tracee = 0
        self.tracer: subprocess.Popen[bytes] | None = None
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._fd, _F_SETPIPE_SZ, PIPE_BYTES)
        self._rest = b""
        self._begun = False
        self._at_end = False

    def read(self, told_before: int) -> list[ObservedEvent]:
        """Take all that is there; also calls that began before ``told_before`` and still wait."""
        events: list[ObservedEvent] = []
        while data := self._read_chunk():
            self._begun = True
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                events += self.assembler.feed(line.decode("utf-8", "surrogateescape"))
        half = self._rest.decode("utf-8", "surrogateescape")
        return events + self.assembler.waiting(told_before, half)

    def is_attached(self) -> bool:
        """Say whether the program is being traced at this moment."""
        return status_field(self.tracee, "TracerPid") != 0

    def finish(self, deadline: float) -> list[ObservedEvent]:
        """Free the program and read to the end of what strace wrote, or to the deadline."""
        events: list[ObservedEvent] = []
        while time.monotonic() < deadline:
            events += self.read(0)
            # Before strace has opened its side, an end of file means nothing.
            if self._at_end and (self._begun or not status_field(self.tracee, "Tgid")):
                break
            if self._begun:
                self._free()
            time.sleep(0.002)
        os.close(self._fd)
        os.unlink(self.path)
        if self.tracer is not None:
            self.tracer.wait()
        return events

    def _free(self) -> None:
        tracer = status_field(self.tracee, "TracerPid")
        if tracer:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(tracer, signal.SIGTERM)

    def _read_chunk(self) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            self._at_end = False
            return b""
        self._at_end = not data
        return data
