"""``kafkascope events``: a trace event by event, with what follows from each."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from app.commands.console import remarks
from app.commands.event_fields import describe, event_fields
from app.commands.event_filter import Condition, FilterError, parse_filter
from app.commands.options import json_option
from traces.models.derivation import Derivation
from traces.trace_file import TraceReader


@click.command(
    epilog="Example: kafkascope events demo.trace --filter 'type=enter,copy name=sendfile pid=42'"
)
@click.argument("trace", type=click.Path(path_type=Path))
@click.option(
    "--filter",
    "expression",
    default="",
    help="Conditions FIELD=VALUE (also != < <= > >=) that must all hold; VALUE may be a pattern.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option(
    "--derived/--observed-only",
    default=True,
    show_default=True,
    help="With or without the events that rules add (copies, hand-overs, look-ups, DMA).",
)
@json_option
def events(trace: Path, expression: str, limit: int | None, derived: bool, as_json: bool) -> None:
    """Print the events of a trace, each with its evidence.

    Derived events stand after the observed event they follow from and share its number.
    """
    try:
        wanted = parse_filter(expression)
    except FilterError as error:
        raise click.UsageError(str(error)) from error
    with TraceReader(trace) as reader:
        found = islice(_matching(reader, wanted, derived=derived), limit)
        if as_json:
            _print_json(found)
        else:
            for fields in found:
                click.echo(describe(fields, reader.first_ts))
        if reader.cut:
            remarks().print(reader.cut)


def _matching(reader: TraceReader, wanted: Condition, *, derived: bool) -> Iterator[dict[str, Any]]:
    rules = Derivation(reader.header.capabilities)
    for number, event in enumerate(reader.events()):
        fields = event_fields(number, event)
        if wanted(fields):
            yield fields
        for following in rules.feed(event) if derived else ():
            fields = event_fields(number, following)
            if wanted(fields):
                yield fields


def _print_json(found: Iterator[dict[str, Any]]) -> None:
    """An array with an event a line: readable as a whole, and by the line in a pipe."""
    click.echo("[", nl=False)
    for number, fields in enumerate(found):
        click.echo((",\n" if number else "\n") + json.dumps(fields, ensure_ascii=False), nl=False)
    click.echo("\n]")
