"""The home screen; without a terminal, what to type instead."""

import click

from app.app import KafkascopeApp
from app.commands.console import has_terminal
from traces.recorder.choose import PROBES, Choice, try_probe


@click.command(epilog="Example: kafkascope")
def home() -> None:
    """Open the home screen."""
    context = click.get_current_context()
    if has_terminal():
        KafkascopeApp(None, machine=machine()).run()
        return
    parent = context.find_root()
    click.echo(parent.get_help())
    click.echo(
        "\nThere is no terminal here, so no screen was opened: try `kafkascope demo --no-tui`."
    )


def machine() -> tuple[tuple[str, bool], ...]:
    """Each probe's name, the best first, and whether it works here."""
    return tuple((name, isinstance(try_probe(name), Choice)) for name in PROBES)
