"""A process under study, from its start to its end."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from traces.event import ObservedEvent, ProcessExit
from traces.probes.base import Probe, ProbeError
from traces.probes.spans.span_source import SpanSource

_GATE = ("/bin/sh", "-c", 'kill -STOP $$; exec "$@"', "sh")
"""Stands still until the probe watches it, then becomes the program: same pid, nothing missed."""


@dataclass(slots=True)
class Watched:
    """A spawned process: its handle, its role, its spans if it has any, whether it has ended."""

    popen: subprocess.Popen[bytes]
    role: str
    spans: SpanSource | None = None
    ended: bool = False

    def look_for_end(self) -> list[ObservedEvent]:
        """Return the event of its end, once; nothing while it runs."""
        if self.ended or self.popen.poll() is None:
            return []
        self.ended = True
        pid = self.popen.pid
        return [ProcessExit(time.monotonic_ns(), pid, pid, self.popen.returncode)]


def start(probe: Probe, argv: Sequence[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a program so that the probe sees all of it; raises ProbeError if it cannot run."""
    directory = options.get("cwd") or "."
    if shutil.which(argv[0]) is None and not os.access(os.path.join(directory, argv[0]), os.X_OK):
        raise ProbeError(f"There is no program {argv[0]} to run: check its name.")
    wrapped = probe.wrap(list(argv))
    if wrapped != list(argv):
        popen = subprocess.Popen(wrapped, **options)
        probe.watch(popen.pid)
        return popen
    # By its full name: a search along PATH would be system calls of the gate's.
    program = shutil.which(argv[0]) or argv[0]
    popen = subprocess.Popen([*_GATE, program, *argv[1:]], **options)
    try:
        os.waitid(os.P_PID, popen.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        probe.watch(popen.pid)
    except ProbeError:
        popen.kill()
        popen.wait()
        raise
    finally:
        if popen.returncode is None:
            popen.send_signal(signal.SIGCONT)
    return popen
