"""Processes and a probe in, a trace file out."""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from traces.event import Lost, Mark, ObservedEvent, ProcessExit, ProcessSeen, ThreadSeen
from traces.probes.base import Probe, ProbeError
from traces.probes.launch_command import with_launcher
from traces.probes.ring.layout import SPAN_RECORD, create_ring
from traces.probes.spans.functions import read_functions
from traces.probes.spans.span_source import SpanSource
from traces.recorder.describe import describe
from traces.recorder.event_window import EventWindow
from traces.recorder.order import restore_order
from traces.recorder.processes import command_of, is_running, threads_of
from traces.recorder.startup_filter import StartupFilter
from traces.recorder.watched import Watched, start
from traces.trace_file import TraceError, TraceWriter

TICK: Final = 0.01
FLUSH_EVERY: Final = 0.2
WINDOW_NS: Final = 100_000_000
"""An event a tenth of a second old has no older one still on its way, from any source."""
SPANS: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """What was recorded. ``problem``: one sentence if the file ends too early, else None."""

    path: Path
    events: int
    lost: int
    size: int
    late: int = 0
    left_out: int = 0
    problem: str | None = None
    notes: tuple[str, ...] = ()


class Recorder:
    """Records processes into one trace file, from ``begin()`` to ``end()``.

    ``functions``: names ``module:Qual.name`` to watch in Python programs that are spawned.
    Use as a context manager, so that the file is whole whatever interrupts the caller. Raises
    ProbeError and TraceError from ``begin``; later trouble with the file is told by ``end``.
    """

    def __init__(
        self, probe: Probe, path: str | Path, functions: Sequence[str] = (), command: str = ""
    ) -> None:
        self.probe = probe
        self.path = Path(path)
        self._functions = tuple(functions)
        self._command = command
        self._window, self._filter = EventWindow(), StartupFilter()
        self._watched: list[Watched] = []
        self._seen_exits: set[int] = set()
        self._lost = 0
        self._problem: str | None = None
        self._notes: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafkascope-recorder", daemon=True)
        self._writer: TraceWriter | None = None
        self._summary: RecordSummary | None = None
        self._workspace: Path | None = None

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.end()
        except KeyboardInterrupt:
            # A second Ctrl-C while the file is being finished: finish it first.
            self.end()
            raise

    def begin(self) -> None:
        """Start the probe and the file. Raises ProbeError or TraceError."""
        self._workspace = _workspace()
        try:
            self.probe.start()
            header = describe(self.probe, read_functions(self._functions), self._command)
            self._writer = TraceWriter(self.path, header)
        except (ProbeError, TraceError, ValueError):
            self.probe.stop()
            shutil.rmtree(self._workspace, ignore_errors=True)
            raise
        self._thread.start()

    def spawn(
        self, argv: Sequence[str], role: str = "process", *, held: bool = False, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program under the probe; ``options`` are Popen's. Raises ProbeError.

        The returned process is the program itself: its pid, its signals, its exit code.
        A Python program runs with watched functions, and is recorded from the first of them on;
        a ``held`` one from ``release()`` on, so that a server's start is left out.
        """
        command, spans = self._with_spans(argv)
        began = time.monotonic_ns()
        popen = start(self.probe, command, options)
        with self._lock:
            pid = popen.pid
            self._window.add([ProcessSeen(began, pid, pid, role, shlex.join(argv), os.getpid())])
            self._watched.append(Watched(popen, role, spans))
            if spans is not None:
                self._filter.skip(pid, spans)
            else:
                self._window.add([ThreadSeen(began, pid, pid, os.path.basename(argv[0]))])
            if held:
                self._filter.hold(pid)
        return popen

    def release(self, pid: int) -> None:
        """Record a process that was spawned ``held`` from this moment on."""
        with self._lock:
            self._filter.release(pid, time.monotonic_ns())

    def attach(self, pid: int, role: str = "process") -> None:
        """Watch a running process from now on. Raises ProbeError."""
        if not is_running(pid):
            raise ProbeError(f"There is no process {pid}: look for its number with ps.")
        self.probe.watch(pid)
        now = time.monotonic_ns()
        with self._lock:
            self._window.add([ProcessSeen(now, pid, pid, role, command_of(pid)), *threads_of(pid)])

    def mark(self, text: str, kind: str = "chapter") -> None:
        """Put a mark (a chapter or a note) at this moment."""
        with self._lock:
            self._window.add([Mark(time.monotonic_ns(), 0, 0, text, kind)])

    def end(self) -> RecordSummary:
        """Stop watching, finish the file, and say what is in it. Safe to call twice."""
        if self._summary is None:
            self._stop.set()
            if self._thread.ident is not None:
                self._thread.join()
            self._summary = self._finish()
        return self._summary

    def _with_spans(self, argv: Sequence[str]) -> tuple[list[str], SpanSource | None]:
        if not self._functions or self._workspace is None:
            return list(argv), None
        names = self._workspace / "functions.json"
        ring = str(self._workspace / f"spans-{len(self._watched)}")
        command = with_launcher(argv, "--spans", ring, "--functions", str(names))
        if command is None:
            return list(argv), None
        names.write_text(json.dumps(self._functions), encoding="utf-8")
        create_ring(ring, SPAN_RECORD, SPANS)
        return command, SpanSource(ring)

    def _run(self) -> None:
        flushed = time.monotonic()
        while not self._stop.wait(TICK):
            try:
                self._collect(time.monotonic_ns() - WINDOW_NS)
                if time.monotonic() - flushed > FLUSH_EVERY:
                    flushed = time.monotonic()
                    self._write([], flush=True)
            except ProbeError as error:
                self._note(str(error))

    def _collect(self, before: int | None) -> None:
        """Take what the probe and the spans saw; write what is older than ``before``."""
        seen = self.probe.poll()
        with self._lock:
            for event in seen:
                if isinstance(event, ProcessExit):
                    self._seen_exits.add(event.pid)
                elif isinstance(event, Lost):
                    self._lost += event.count
            self._window.add(seen)
            for watched in self._watched:
                if watched.spans is not None:
                    self._window.add(watched.spans.poll())
                self._window.add(self._ends(watched))
            self._window.add(self._losses())
            ready = list(self._filter.keep(self._window.take(before)))
        self._write(ready)

    def _ends(self, watched: Watched) -> list[ObservedEvent]:
        ends = watched.look_for_end()
        if not ends:
            return []
        if watched.spans is not None:
            self._window.add(watched.spans.poll())
        self._filter.ended(watched.popen.pid)
        return [] if watched.popen.pid in self._seen_exits else ends

    def _losses(self) -> list[ObservedEvent]:
        """Tell what was lost beyond the losses that the probe has placed in time itself."""
        spans = [watched.spans for watched in self._watched if watched.spans is not None]
        lost = self.probe.lost() + sum(source.lost for source in spans)
        new = lost - self._lost
        if new <= 0:
            return []
        self._lost = lost
        return [Lost(time.monotonic_ns(), 0, 0, new)]

    def _write(self, events: Sequence[ObservedEvent], *, flush: bool = False) -> None:
        if self._writer is None or self._problem is not None:
            return
        try:
            self._writer.write(events)
            if flush:
                self._writer.flush()
        except TraceError as error:
            # Reading goes on: a probe that nobody reads would hold up the processes under study.
            self._problem = str(error)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _finish(self) -> RecordSummary:
        try:
            self.probe.stop()
            self._collect(None)
        except ProbeError as error:
            self._note(str(error))
        self._close_file()
        for watched in self._watched:
            if watched.spans is not None:
                if watched.spans.first_ts is None:
                    self._note(_never_watched(watched))
                watched.spans.close()
        if self._workspace is not None:
            shutil.rmtree(self._workspace, ignore_errors=True)
        return self._summarize()

    def _close_file(self) -> None:
        if self._writer is None:
            return
        self._writer.lost = self._lost
        try:
            self._writer.close()
        except TraceError as error:
            self._problem = self._problem or str(error)
        if self._window.late and self._problem is None:
            trouble = restore_order(self.path)
            if trouble is not None:
                self._note(trouble)

    def _summarize(self) -> RecordSummary:
        return RecordSummary(
            path=self.path,
            events=self._writer.events if self._writer else 0,
            lost=self._lost,
            size=self._writer.size if self._writer else 0,
            late=self._window.late,
            left_out=self._filter.dropped,
            problem=self._problem,
            notes=tuple(self._notes),
        )


def _workspace() -> Path:
    """Make a directory in memory where there is one: rings on a disk would be written back."""
    memory = "/dev/shm"  # noqa: S108 - mkdtemp makes a private directory in it
    where = memory if os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="kafkascope-", dir=where))


def _never_watched(watched: Watched) -> str:
    return (
        f"The {watched.role} (pid {watched.popen.pid}) never entered a watched function, "
        "so its events were left out."
    )
