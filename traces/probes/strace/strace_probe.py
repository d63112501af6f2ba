"""Starts strace beside each process under study."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from traces.event import ObservedEvent
from traces.probes.base import Availability, ProbeError, capability_table
from traces.probes.strace.assembler import Assembler
from traces.probes.strace.availability import check, ptrace_scope, status_field
from traces.probes.strace.stream import StraceStream
from traces.probes.strace.wall_clock import WallClock

PATIENCE_NS: Final = 30_000_000
"""A call that is still in the kernel after this time is told before it has come back."""

_OPTIONS: Final = (
    "-f",
    "-yy",
    "-s0",
    "-Xraw",
    "--syscall-times=ns",
    "--absolute-timestamps=format:unix,precision:ns",
)
_BLIND: Final = (
    "strace sees system calls only: faults, the page cache, copies inside the kernel, block "
    "requests and context switches are not seen."
)
_SLOW: Final = "strace stops a thread twice a call, so times are two to four times too long."


class StraceProbe:
    """System calls of any process of the same user, with descriptors named.

    ``only``: names of system calls to see (filtered in the kernel, so that all others run at
    full speed); empty: all of them.
    """

    name = "strace"
    capabilities = capability_table("syscalls", "fd_identity")

    def __init__(self, only: Sequence[str] = ()) -> None:
        self._only = tuple(only)
        self._clock = WallClock()
        self._streams: list[StraceStream] = []
        self._unclaimed: list[StraceStream] = []
        self._directory: Path | None = None
        self._last: list[ObservedEvent] = []
        self._unparsed: Counter[str] = Counter()

    @property
    def gaps(self) -> tuple[str, ...]:
        """What strace cannot see and what it disturbs."""
        if self._only:
            names = ", ".join(self._only)
            return _BLIND, _SLOW, f"Only these system calls were recorded: {names}."
        return _BLIND, _SLOW

    def unparsed(self) -> Counter[str]:
        """Count the lines of strace that were not understood, by reason."""
        return sum((stream.assembler.unparsed for stream in self._streams), self._unparsed)

    def availability(self) -> Availability:
        """Say whether strace is there, new enough, and allowed to trace."""
        return check()

    def start(self) -> None:
        """Make a place for the FIFOs."""
        self._directory = Path(tempfile.mkdtemp(prefix="kafkascope-strace-"))

    def wrap(self, argv: list[str]) -> list[str]:
        """Put strace beside the command: the started process is the program itself (-D)."""
        stream = self._stream()
        self._unclaimed.append(stream)
        # As a grandchild in its own session: Ctrl-C and the exit code belong to the program.
        # -I2 lets our SIGTERM end the tracer between two calls, which frees the program.
        command = ["strace", "-DDD", "-I2", *_OPTIONS, "-o", stream.path]
        if self._only:
            command += ["-e", f"trace={','.join(self._only)}", "--seccomp-bpf"]
        return [*command, "--", *argv]

    def watch(self, pid: int) -> None:
        """Claim the process just started behind ``wrap``, or attach to a running one."""
        if self._unclaimed:
            self._unclaimed.pop(0).tracee = pid
            return
        scope = ptrace_scope()
        if scope >= 1 and os.geteuid() != 0:
            raise ProbeError(
                f"strace may not attach to process {pid} (kernel.yama.ptrace_scope is {scope}): "
                "start the program under the recorder, or be root."
            )
        stream = self._stream()
        stream.tracee = pid
        stream.tracer = subprocess.Popen(
            ["strace", *_OPTIONS, "-o", stream.path, "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_attached(stream)

    def poll(self) -> list[ObservedEvent]:
        """Read every FIFO empty; after ``stop``, hand over the rest."""
        self._clock.sample()
        before = time.monotonic_ns() - PATIENCE_NS
        events, self._last = self._last, []
        for stream in self._streams:
            events += stream.read(before)
        return events

    def lost(self) -> int:
        """Nothing: strace waits rather than lose; see ``unparsed`` for what it wrote in vain."""
        return 0

    def stop(self) -> None:
        """Let every program go on without strace."""
        deadline = time.monotonic() + 5
        while self._streams:
            stream = self._streams.pop()
            self._last += stream.finish(deadline)
            self._unparsed += stream.assembler.unparsed
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _stream(self) -> StraceStream:
        if self._directory is None:
            raise ProbeError("The strace probe was not started: call start() first.")
        path = str(self._directory / f"strace-{len(self._streams)}")
        assembler = Assembler(self._clock.to_monotonic, _tgid_of)
        stream = StraceStream(path, assembler)
        self._streams.append(stream)
        return stream

    def _wait_attached(self, stream: StraceStream) -> None:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if stream.is_attached():
                return
            if stream.tracer is not None and stream.tracer.poll() is not None:
                break
            time.sleep(0.005)
        self._streams.remove(stream)
        stream.finish(time.monotonic())
        raise ProbeError(
            f"strace could not attach to process {stream.tracee}: is it yours, and not traced yet?"
        )


def _tgid_of(tid: int) -> int | None:
    return status_field(tid, "Tgid") or None
