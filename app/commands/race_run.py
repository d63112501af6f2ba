"""The race: the same offsets of one log through each way of ``transfer_to``, cold and warm.

One traced run for each mode and cache state gives the counts. Wall and processor time come from
separate runs that nobody watches, the median of ``TIMED_RUNS``: a probe makes some modes slower
than others, so times of a watched run would compare the probe.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from app.commands.input_text import write_race_input
from app.commands.page_cache import evict, warm_up
from app.commands.stats import figures_of
from app.commands.workshop import Broker, run_client, running_broker, spawn_plain, spawn_watched
from lessons.walkthrough import function_names
from traces.recorder.choose import choose_probe
from traces.recorder.recorder import Recorder

TOPIC: Final = "race"
TIMED_RUNS: Final = 3
GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Track:
    """What every run reads: ``size`` bytes of log in ``log_files`` below ``data_dir``."""

    data_dir: Path
    records: int
    size: int

    @property
    def log_files(self) -> list[Path]:
        """The topic's segments."""
        return sorted(self.data_dir.glob(f"{TOPIC}-0/*.log"))


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the race: a mode, a cache state, a probe by name, and where its trace goes."""

    mode: str
    cache: str
    probe: str
    trace: Path

    @property
    def label(self) -> str:
        """Mode and cache state, for people."""
        return f"{self.mode}, {self.cache}"


@dataclass(frozen=True, slots=True)
class _Fetch:
    wall_s: float
    cpu_s: float
    size: int
    checksum: str
    remark: str


def lay_track(work_dir: Path, size: int) -> Track:
    """Produce ``size`` bytes of records once, for all modes."""
    source = work_dir / "records.in"
    write_race_input(source, size)
    data_dir = work_dir / "broker"
    # One batch holds a mebibyte at most (message.max.bytes); large ones keep Python's own work small.
    sizes = ("--batch-size", str(256 * 1024))
    with running_broker(spawn_plain, data_dir, {"num.partitions": "1"}) as broker:
        where = ("--bootstrap-server", broker.address, "--topic", TOPIC)
        summary = run_client(spawn_plain, "produce", (*where, "--input", str(source), *sizes))
    source.unlink()
    track = Track(data_dir, int(summary["records"]), 0)
    return Track(data_dir, track.records, sum(path.stat().st_size for path in track.log_files))


def run_start(start: Start, track: Track, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run one mode in one cache state; return the row that ``race --json`` prints."""
    tell(f"{start.label}: counting under the {start.probe} probe")
    traced = _traced(start, track)
    tell(f"{start.label}: {TIMED_RUNS} runs by the clock, not watched")
    timed = [_untraced(start, track) for _ in range(TIMED_RUNS)]
    checksums = {fetch.checksum for fetch in (traced, *timed)}
    remarks = sorted({fetch.remark for fetch in (traced, *timed)} - {""})
    return {
        "mode": start.mode,
        "cache": start.cache,
        "bytes": traced.size,
        "checksum": checksums.pop() if len(checksums) == 1 else "differs between runs",
        "wall_s": statistics.median(fetch.wall_s for fetch in timed),
        "cpu_s_per_gb": statistics.median(fetch.cpu_s for fetch in timed) / traced.size * GB,
        "trace": str(start.trace),
        "remarks": remarks,
        **figures_of(start.trace),
    }


def _traced(start: Start, track: Track) -> _Fetch:
    probe = choose_probe(start.probe).probe
    command = f"kafkascope race {start.label}"
    with (
        Recorder(probe, start.trace, function_names(), command=command) as recorder,
        running_broker(spawn_watched(recorder), track.data_dir, _properties(start)) as broker,
    ):
        remark = _set_cache(start, track)
        recorder.release(broker.pid)
        recorder.mark("fetch")
        fetch = _fetch(broker, track, remark)
        summary = recorder.end()
    if summary.problem:
        raise click.ClickException(summary.problem)
    return fetch


def _untraced(start: Start, track: Track) -> _Fetch:
    with running_broker(spawn_plain, track.data_dir, _properties(start)) as broker:
        return _fetch(broker, track, _set_cache(start, track))


def _properties(start: Start) -> dict[str, str]:
    return {"num.partitions": "1", "kafkascope.transfer.mode": start.mode}


def _set_cache(start: Start, track: Track) -> str:
    """Make the log cold or warm; return a sentence if it did not become so, else ""."""
    states = [evict(path) if start.cache == "cold" else warm_up(path) for path in track.log_files]
    if None in states:
        return f"{start.label}: the kernel does not tell which pages are cached."
    cached = sum(state or 0 for state in states)
    if start.cache == "cold" and cached:
        return f"{start.label}: {cached} pages stayed in the page cache, so it was not fully cold."
    return ""


def _fetch(broker: Broker, track: Track, remark: str) -> _Fetch:
    where = ("--bootstrap-server", broker.address, "--topic", TOPIC, "--from-beginning")
    what = ("--max-messages", str(track.records), "--raw-batches", "--summary")
    cpu, began = broker.cpu_ns(), time.perf_counter()
    summary = run_client(spawn_plain, "consume", (*where, *what))
    wall = time.perf_counter() - began
    return _Fetch(
        wall_s=float(summary.get("seconds", wall)),
        cpu_s=(broker.cpu_ns() - cpu) / 1e9,
        size=int(summary["bytes"]),
        checksum=str(summary["sha256"]),
        remark=remark,
    )
