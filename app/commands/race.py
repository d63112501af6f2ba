"""``kafkascope race``: read-write, mmap, sendfile and splice over the same bytes, compared."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.commands.console import out, remarks
from app.commands.options import MODES, json_option, probe_option
from app.commands.output_dir import DEFAULT, fresh_data_dir, prepare
from app.commands.plots import plot_race
from app.commands.race_run import TIMED_RUNS, Start, lay_track, run_start
from app.commands.race_table import checksums_equal, race_table
from app.commands.tables import size
from traces.recorder.choose import choose_probe

DEFAULT_BYTES: Final = 32 * 1024 * 1024
PLOT: Final = "race.png"
CACHES: Final = {"warm": ("warm",), "cold": ("cold",), "both": ("cold", "warm")}


def _modes(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    del context, parameter
    modes = tuple(dict.fromkeys(word.strip() for word in value.split(",")))
    for mode in modes:
        if mode not in MODES:
            raise click.BadParameter(f"{mode!r} is no mode: choose from {', '.join(MODES)}.")
    return modes


@click.command(epilog="Example: kafkascope race --modes read-write,sendfile --cache both")
@click.option(
    "--bytes",
    "count",
    type=click.IntRange(min=1),
    default=DEFAULT_BYTES,
    show_default=True,
    help="How much is produced and then fetched by each mode.",
)
@click.option(
    "--modes",
    callback=_modes,
    default="read-write,mmap,sendfile",
    show_default=True,
    help=f"Which ways, separated by commas: {', '.join(MODES)}.",
)
@click.option(
    "--cache",
    type=click.Choice(tuple(CACHES)),
    default="both",
    show_default=True,
    help="Fetch with the log in the page cache, without it, or both.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Where the traces, the plot and the broker's data go.",
)
@probe_option
@json_option
def race(  # noqa: PLR0917 - click calls it by name
    count: int,
    modes: tuple[str, ...],
    cache: str,
    output_dir: Path,
    probe_name: str,
    as_json: bool,
) -> None:
    """Fetch the same offsets by each way of sending a file, and compare what it cost.

    One run of each is recorded and gives the counts; processor and wall time come from further
    runs that nobody watches. Only the broker is counted.
    """
    choice = choose_probe(probe_name)
    for refusal in choice.refused:
        remarks().print(refusal)
    places = itertools.product(modes, CACHES[cache])
    prepare(output_dir)
    starts = [
        Start(mode, state, choice.probe.name, output_dir / f"race-{mode}-{state}.trace")
        for mode, state in places
    ]
    rows = _run(starts, fresh_data_dir(output_dir / "race-data"), count)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _report(rows, choice.probe.name, output_dir)
    if not checksums_equal(rows):
        raise click.ClickException(
            "The modes did not deliver the same bytes: report this as a defect, "
            f"with the traces in {output_dir}."
        )


def _run(starts: Sequence[Start], work_dir: Path, count: int) -> list[dict[str, Any]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=remarks(), transient=True) as progress:
        task = progress.add_task(f"Producing {size(count)}", total=len(starts) + 1)
        track = lay_track(work_dir, count)
        rows = []
        for start in starts:
            progress.advance(task)
            rows.append(
                run_start(start, track, lambda text: progress.update(task, description=text))
            )
        progress.advance(task)
    return rows


def _report(rows: Sequence[dict[str, Any]], probe: str, output_dir: Path) -> None:
    caption = (
        f"Counts: one run under the {probe} probe. * Times: median of {TIMED_RUNS} runs of the same "
        "mode that nobody watched; CPU of all the broker's threads, GB = 10^9 bytes. "
        "A fetch may end inside a batch, whose bytes are then sent again: so a little more is moved "
        "than delivered. Of a mapping only the faults are seen, not each page that is touched."
    )
    out().print(race_table(rows, caption))
    for remark in sorted({remark for row in rows for remark in row["remarks"]}):
        out().print(remark)
    plot = output_dir / PLOT
    plot_race(rows, plot, f"The same {size(rows[0]['bytes'])} by different ways ({probe} probe)")
    out().print(f"Written: {plot}", soft_wrap=True)
    for row in rows:
        out().print(f"  kafkascope replay {row['trace']}", soft_wrap=True)
