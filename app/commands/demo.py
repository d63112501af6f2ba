"""``kafkascope demo``: the main job, from nothing to a moving picture of measured bytes."""

from pathlib import Path
from typing import Final

import click
import rich.status

from app.app import KafkascopeApp
from app.commands.console import has_terminal, out, remarks
from app.commands.demo_run import DemoPlan, DemoResult, run_demo
from app.commands.options import MODES, language_option, probe_option
from app.commands.output_dir import DEFAULT, fresh_data_dir, prepare
from app.commands.plots import plot_trace
from app.commands.stats import figures_of
from app.commands.tables import all_tables, number, size
from app.screenshots import save_stage_svg
from app.telling_moment import telling_moment
from traces.recorder.choose import choose_probe

TRACE: Final = "demo.trace"
STAGE: Final = "demo-stage.svg"
PLOT: Final = "demo-copies.png"


@click.command(epilog="Example: kafkascope demo --input my-lines.txt --probe strace --no-tui")
@click.option(
    "--input",
    "source",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="A text file, a line a record; the bundled text if left out.",
)
@probe_option
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="Where trace, picture, plot and the broker's data go.",
)
@click.option(
    "--transfer-mode",
    type=click.Choice(("auto", *MODES)),
    help="Force the broker's way of sending records; auto by default, as the JDK.",
)
@click.option(
    "--flush-every",
    type=click.IntRange(min=1),
    metavar="N",
    help="Flush the log to the device every N records; Kafka's default is never.",
)
@click.option("--no-tui", is_flag=True, help="Print the tables instead of opening the stage.")
@language_option
def demo(
    source: Path | None,
    probe_name: str,
    output_dir: Path,
    no_tui: bool,
    language: str,
    **ways: str,
) -> None:
    """Send real records through a real broker and see what the kernel did for them.

    Starts a broker under the best probe that works here, produces and consumes, checks that every
    byte came back, and opens the trace on the stage. Without a terminal it prints the tables and
    writes the trace, a picture of the stage and a plot.
    """
    choice = choose_probe(probe_name)
    for refusal in choice.refused:
        remarks().print(refusal)
    plan = _plan(prepare(output_dir), source, ways)
    with remarks().status("Preparing") as status:
        result = run_demo(plan, choice.probe, lambda text: _tell(status, text))
    _report_result(result)
    if has_terminal() and not no_tui:
        KafkascopeApp(plan.trace, language=language).run()
        out().print(f"The trace is kept: kafkascope replay {plan.trace}")
    else:
        _report_files(plan.trace, output_dir, language)
    if not result.equal:
        raise click.ClickException(
            f"Not every record came back ({'; '.join(result.differences)}): "
            f"look at {plan.data_dir} and report this as a defect."
        )


def _plan(output_dir: Path, source: Path | None, ways: dict[str, str]) -> DemoPlan:
    flush = ways.get("flush_every")
    return DemoPlan(
        trace=output_dir / TRACE,
        data_dir=fresh_data_dir(output_dir / "demo-data"),
        source=source,
        transfer_mode=ways.get("transfer_mode"),
        flush_every=int(flush) if flush else None,
    )


def _tell(status: rich.status.Status, text: str) -> None:
    status.update(f"{text} ...")
    if not remarks().is_terminal:
        remarks().print(text)


def _report_result(result: DemoResult) -> None:
    verdict = "all came back, byte for byte" if result.equal else "they did not all come back"
    out().print(f"{number(result.records)} records, sha256 {result.checksum[:16]}…: {verdict}.")
    for note in result.summary.notes:
        remarks().print(note)
    if result.summary.lost:
        remarks().print(f"{number(result.summary.lost)} events were lost; the trace says where.")


def _report_files(trace: Path, output_dir: Path, language: str) -> None:
    figures = figures_of(trace)
    for table in all_tables(figures):
        out().print(table)
    stage, plot = output_dir / STAGE, output_dir / PLOT
    save_stage_svg(trace, stage, language=language, at=telling_moment(trace))
    plot_trace(figures, plot, f"One journey, seen by the {figures['probe']} probe")
    out().print("Written:")
    for path, what in ((trace, "trace"), (stage, "the stage"), (plot, "plot")):
        out().print(f"  {path}  ({what}, {size(path.stat().st_size)})", soft_wrap=True)
    out().print(f"Open it on the stage: kafkascope replay {trace}", soft_wrap=True)
