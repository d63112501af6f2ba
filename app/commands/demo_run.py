"""The main job without its looks: real records through a real broker, all of it recorded."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from app.commands.input_text import write_demo_input
from app.commands.workshop import Spawn, run_client, running_broker, spawn_watched
from lessons.walkthrough import function_names
from traces.probes.base import Probe
from traces.recorder.recorder import Recorder, RecordSummary

TOPIC: Final = "journey"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What is sent where. ``source``: a text file, or None for the bundled text.

    ``flush_every``: records between two forced flushes, None as Kafka's default: never.
    """

    trace: Path
    data_dir: Path
    source: Path | None = None
    transfer_mode: str | None = None
    flush_every: int | None = None

    def overrides(self) -> dict[str, str]:
        """The broker's properties that differ from its defaults."""
        found = {"num.partitions": "1"}
        if self.transfer_mode:
            found["kafkascope.transfer.mode"] = self.transfer_mode
        if self.flush_every:
            found["log.flush.interval.messages"] = str(self.flush_every)
        return found


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of it. ``equal``: every line came back, compared by count and SHA-256."""

    summary: RecordSummary
    records: int
    checksum: str
    equal: bool
    differences: tuple[str, ...] = field(default=())


def run_demo(plan: DemoPlan, probe: Probe, tell: Callable[[str], None]) -> DemoResult:
    """Record producer, broker and consumer into ``plan.trace``.

    ``tell`` gets a sentence for each step. The broker is stopped and the trace is whole however
    this ends. Raises ClickException, ProbeError, TraceError.
    """
    source, wanted = _input(plan)
    tell(f"Starting the {probe.name} probe")
    with Recorder(probe, plan.trace, function_names(), command="kafkascope demo") as recorder:
        produced, consumed = _journey(plan, source, recorder, tell)
        summary = recorder.end()
    if summary.problem:
        raise click.ClickException(summary.problem)
    got = _lines_digest(plan.data_dir / "records.out")
    differences = tuple(
        f"{what}: {left} sent, {right} came back"
        for what, left, right in (
            ("records", wanted[0], got[0]),
            ("sha256", wanted[1], got[1]),
            ("records by the clients' count", produced, consumed),
        )
        if left != right
    )
    return DemoResult(summary, got[0], got[1], not differences, differences)


def _input(plan: DemoPlan) -> tuple[Path, tuple[int, str]]:
    source = plan.source
    if source is None:
        source = plan.data_dir / "records.in"
        write_demo_input(source)
    wanted = _lines_digest(source)
    if not wanted[0]:
        raise click.ClickException(f"{source} has no lines: name a text file with some.")
    return source, wanted


def _journey(
    plan: DemoPlan, source: Path, recorder: Recorder, tell: Callable[[str], None]
) -> tuple[int, int]:
    spawn: Spawn = spawn_watched(recorder)
    tell("Starting the broker")
    with running_broker(spawn, plan.data_dir / "broker", plan.overrides()) as broker:
        tell("Producing")
        recorder.release(broker.pid)
        recorder.mark("produce")
        where = ("--bootstrap-server", broker.address, "--topic", TOPIC)
        produced = run_client(spawn, "produce", (*where, "--input", str(source)))
        tell("Consuming")
        recorder.mark("fetch")
        target = ("--output", str(plan.data_dir / "records.out"), "--summary")
        count = str(produced["records"])
        asked = ("--from-beginning", "--max-messages", count, *target)
        consumed = run_client(spawn, "consume", (*where, *asked))
        tell("Finishing the trace")
        # Before the broker stops: its last flushes are no part of a record's journey.
        recorder.end()
    return int(produced["records"]), int(consumed["records"])


def _lines_digest(path: Path) -> tuple[int, str]:
    """How many lines, and the SHA-256 over each line and one line feed."""
    digest, count = hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line.rstrip(b"\n") + b"\n")
            count += 1
    return count, digest.hexdigest()
