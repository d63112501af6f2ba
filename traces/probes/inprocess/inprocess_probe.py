"""Sees the calls that a Python program makes, by wrappers in the program itself."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from traces.event import ObservedEvent
from traces.probes.base import Availability, Available, ProbeError, capability_table
from traces.probes.inprocess.cachestat import CacheStat
from traces.probes.inprocess.call_source import CallSource
from traces.probes.launch_command import with_launcher
from traces.probes.ring.layout import CALL_RECORD, create_ring

RECORDS: Final = 1 << 17
_BLIND: Final = (
    "The in-process probe sees the calls of os, socket, mmap and epoll that Python code makes; "
    "locks, memory, and what C libraries do by themselves are not seen."
)
_DISTURBS: Final = (
    "Around a call it asks fstat, lseek, getrusage and cachestat: these calls of its own are not "
    "in the trace, and each seen call takes some microseconds longer."
)
_GAPS: Final = (
    _BLIND,
    _DISTURBS,
    "socket.sendall is shown as one sendto, whatever number it took.",
    "An address that mmap returned is not known and given as 0.",
)
_NO_CACHESTAT: Final = "This system has no cachestat, so the page cache is not seen."
_NO_USAGE: Final = "This system has no usage by thread, so faults and switches are not seen."


class InprocessProbe:
    """For a plain user on any Unix; only for Python programs that are started by the recorder."""

    name = "inprocess"

    def __init__(self) -> None:
        self._cache = CacheStat().works
        self._usage = sys.platform == "linux"
        self._sources: list[CallSource] = []
        self._last: list[ObservedEvent] = []
        self._lost = 0
        self._directory: Path | None = None

    @property
    def capabilities(self) -> dict[str, bool]:
        """What this system lets a process see of itself."""
        seen = ["syscalls", "fd_identity"]
        seen += ["page_cache"] * self._cache
        seen += ["faults", "fault_severity", "context_switches"] * self._usage
        return capability_table(*seen)

    @property
    def gaps(self) -> tuple[str, ...]:
        """What wrappers cannot see and what they disturb."""
        return (
            *_GAPS,
            *([] if self._cache else [_NO_CACHESTAT]),
            *([] if self._usage else [_NO_USAGE]),
        )

    def availability(self) -> Availability:
        """Answer Available: it needs nothing but Python."""
        return Available("with cachestat" if self._cache else "without cachestat")

    def start(self) -> None:
        """Make a place in memory for the rings."""
        memory = "/dev/shm"  # noqa: S108 - mkdtemp makes a private directory in it
        where = memory if os.access(memory, os.W_OK) else None
        self._directory = Path(tempfile.mkdtemp(prefix="kafkascope-calls-", dir=where))

    def wrap(self, argv: list[str]) -> list[str]:
        """Put the launcher into a Python command; raises ProbeError for any other."""
        if self._directory is None:
            raise ProbeError("The in-process probe was not started: call start() first.")
        ring = str(self._directory / f"calls-{len(self._sources)}")
        command = with_launcher(argv, "--inprocess", ring)
        if command is None:
            raise ProbeError(
                f"The in-process probe sees only Python programs, not {argv[0]}: "
                "take the probe strace or bpf for it."
            )
        create_ring(ring, CALL_RECORD, RECORDS)
        self._sources.append(CallSource(ring))
        return command

    def watch(self, pid: int) -> None:
        """Accept a process that was started behind ``wrap``; raises ProbeError for any other."""
        if not self._sources:
            raise ProbeError(
                f"The in-process probe cannot look into the running process {pid}: start the "
                "program under the recorder."
            )

    def poll(self) -> list[ObservedEvent]:
        """Read every ring empty."""
        events, self._last = self._last, []
        for source in self._sources:
            events += source.poll()
        return events

    def lost(self) -> int:
        """How many records found no room in a ring."""
        return self._lost + sum(source.lost for source in self._sources)

    def stop(self) -> None:
        """Forget the rings; programs that still run go on and fill them in vain."""
        self._last += self.poll()
        self._lost = self.lost()
        while self._sources:
            self._sources.pop().close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
