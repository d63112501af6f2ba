"""``kafkascope stats``: what a trace adds up to."""

import json
from pathlib import Path
from typing import Any

import click

from app.commands.console import out, remarks
from app.commands.options import json_option
from app.commands.tables import all_tables
from traces.models.statistics import summarize
from traces.trace_file import TraceReader


def figures_of(trace: Path) -> dict[str, Any]:
    """The object that ``stats --json`` prints; raises TraceError."""
    with TraceReader(trace) as reader:
        figures: dict[str, Any] = summarize(reader).to_json()
    return figures


@click.command(epilog="Example: kafkascope stats kafkascope-out/demo.trace --json")
@click.argument("trace", type=click.Path(path_type=Path))
@json_option
def stats(trace: Path, as_json: bool) -> None:
    """Add a trace up: system calls, copies with evidence, page cache, faults, switches.

    What the probe cannot see is null in JSON and "not seen" in the tables, never 0.
    """
    with TraceReader(trace) as reader:
        figures = summarize(reader).to_json()
        if as_json:
            click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        else:
            for table in all_tables(figures):
                out().print(table)
            for gap in reader.header.gaps:
                remarks().print(f"Note on the {reader.header.probe} probe: {gap}")
        if reader.cut:
            remarks().print(reader.cut)
