"""``kafkascope replay``: the stage on a saved trace."""

from pathlib import Path

import click

from app.app import KafkascopeApp
from app.commands.console import has_terminal
from app.commands.options import language_option
from traces.trace_file import TraceReader


@click.command(epilog="Example: kafkascope replay kafkascope-out/demo.trace")
@click.argument("trace", type=click.Path(path_type=Path))
@language_option
def replay(trace: Path, language: str) -> None:
    """Open a saved trace on the stage, to be stepped through forwards and back."""
    TraceReader(trace).close()
    if not has_terminal():
        raise click.ClickException(
            "The stage needs a terminal: run this in one, or use `kafkascope stats` "
            "and `kafkascope events`."
        )
    KafkascopeApp(trace, language=language).run()
