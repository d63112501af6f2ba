"""The probe's end of its worker process: start it, ask it, let it go."""

import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Final

import traces
from traces.probes.base import ProbeError
from traces.probes.bpf import wire

_START_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 10.0


class WorkerProcess:
    """A running worker, ready to record; ``sections`` names what its program can see."""

    def __init__(self) -> None:
        """Start a worker and wait for its ring; raises ProbeError."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - release() closes it
        with theirs:
            self.pid = _spawn(theirs.fileno(), self._log.fileno())
        try:
            self.sections, self.ring_fd = self._ready()
        except BaseException:
            self.release()
            raise

    def watch(self, pid: int) -> None:
        """Have a process watched; raises ProbeError."""
        self._ask({"do": "watch", "pid": pid})

    def stop(self) -> int:
        """End recording; returns how many records were lost in all. Raises ProbeError."""
        return int(self._ask({"do": "stop"})["lost"])

    def release(self) -> None:
        """Let the worker go: it ends when its socket closes, and is reaped in the background.

        The kernel takes about 2 seconds to detach the programs of a process that ends.
        """
        self._channel.close()
        self._log.close()
        threading.Thread(
            target=os.waitpid, args=(self.pid, 0), name="bpf-reaper", daemon=True
        ).start()

    def _ready(self) -> tuple[frozenset[str], int]:
        self._channel.settimeout(_START_SECONDS)
        message, descriptors = self._receive()
        if not descriptors:
            raise ProbeError("The BPF worker sent no ring; start the recording again.")
        self._channel.settimeout(_ANSWER_SECONDS)
        return frozenset(message["sections"]), descriptors[0]

    def _ask(self, message: wire.Message) -> wire.Message:
        try:
            wire.send(self._channel, message)
        except OSError as error:
            raise ProbeError(self._gone()) from error
        return self._receive()[0]

    def _receive(self) -> tuple[wire.Message, list[int]]:
        try:
            message, descriptors = wire.receive(self._channel)
        except TimeoutError as error:
            raise ProbeError("The BPF worker does not answer; try again.") from error
        except OSError as error:
            raise ProbeError(self._gone()) from error
        if message is None:
            raise ProbeError(self._gone())
        if "error" in message:
            raise ProbeError(
                f"The BPF probe says: {message['error']}. {self._last_words()}".strip()
            )
        return message, descriptors

    def _gone(self) -> str:
        return f"The BPF worker has ended; start the recording again. {self._last_words()}".strip()

    def _last_words(self) -> str:
        """Return the first error line that bcc's compiler or the kernel's verifier printed."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        return next((line.strip() for line in lines if "error" in line.lower()), "")


def _spawn(channel: int, log: int) -> int:
    """Start the worker with ``channel`` as its standard input; returns its process id.

    Not by subprocess, whose Popen complains about a child that outlives it, as the worker does
    for the 2 seconds of detaching.
    """
    copies = [
        (os.POSIX_SPAWN_DUP2, have, become) for have, become in ((channel, 0), (log, 1), (log, 2))
    ]
    argv = [sys.executable, "-m", "traces.probes.bpf.worker"]
    try:
        # A session of its own: a Ctrl-C in the terminal is the recorder's to handle.
        return os.posix_spawn(argv[0], argv, _environment(), file_actions=copies, setsid=True)
    except OSError as error:
        raise ProbeError(f"The BPF worker cannot be started: {error.strerror}.") from error


def _environment() -> dict[str, str]:
    """Let the worker import what this process imports, from wherever it was started."""
    here = str(Path(traces.__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, before] if before else [here])}
