"""``kafkascope record``: any process into a trace file."""

import shlex
import subprocess
import time
from pathlib import Path
from typing import Final

import click

from app.commands.console import out, remarks
from app.commands.options import probe_option
from app.commands.tables import number, size
from lessons.walkthrough import function_names
from traces.recorder.choose import choose_probe
from traces.recorder.recorder import Recorder, RecordSummary

TICK: Final = 0.05


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="Example: kafkascope record -o nginx.trace --pid 4711 --duration 10   or   "
    "kafkascope record -- cat /etc/hostname",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("kafkascope.trace"),
    show_default=True,
    help="The trace file; an existing one is replaced.",
)
@probe_option
@click.option("--duration", type=click.FloatRange(min=0.1), help="Stop after so many seconds.")
@click.option("--pid", type=click.IntRange(min=1), help="Watch this running process.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def record(
    output: Path, probe_name: str, duration: float | None, pid: int | None, command: tuple[str, ...]
) -> None:
    """Record a running process (--pid) or a command (after --) until it ends or Ctrl-C.

    The command's own exit code is kept.
    """
    if (pid is None) == (not command):
        raise click.UsageError("Name either --pid PID, or a command after --.")
    choice = choose_probe(probe_name)
    for refusal in choice.refused:
        remarks().print(refusal)
    line = f"kafkascope record {shlex.join(command) if command else f'--pid {pid}'}"
    code: int | None = 0
    with Recorder(choice.probe, output, function_names(), command=line) as recorder:
        try:
            if pid is not None:
                recorder.attach(pid)
                _wait_for_pid(pid, duration)
            else:
                code = _run(recorder, command, duration)
        except KeyboardInterrupt:
            remarks().print("Stopped by Ctrl-C.")
        summary = recorder.end()
    _report(summary)
    raise click.exceptions.Exit(_exit_code(code))


def _run(recorder: Recorder, command: tuple[str, ...], duration: float | None) -> int | None:
    """Run the command; None if it had to be stopped at the end of ``duration``."""
    process = recorder.spawn(list(command))
    try:
        return process.wait(duration)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _wait_for_pid(pid: int, duration: float | None) -> None:
    end = None if duration is None else time.monotonic() + duration
    remarks().print(f"Recording process {pid}; Ctrl-C ends it.")
    while Path(f"/proc/{pid}").exists() and (end is None or time.monotonic() < end):
        time.sleep(TICK)


def _report(summary: RecordSummary) -> None:
    for note in summary.notes:
        remarks().print(note)
    if summary.problem:
        raise click.ClickException(summary.problem)
    lost = f", {number(summary.lost)} lost" if summary.lost else ""
    out().print(
        f"{summary.path}: {number(summary.events)} events{lost}, {size(summary.size)}. "
        f"Look: kafkascope replay {summary.path}",
        soft_wrap=True,
    )


def _exit_code(code: int | None) -> int:
    """A shell's reading of a wait status: 128 and the signal for a process that was killed."""
    if code is None:
        return 0
    return code if code >= 0 else 128 - code
