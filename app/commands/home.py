"""The home screen; without a terminal, what to type instead."""

import click

from app.app import KafkascopeApp
from app.commands.console import has_terminal


@click.command(epilog="Example: kafkascope")
def home() -> None:
    """Open the home screen."""
    context = click.get_current_context()
    if has_terminal():
        KafkascopeApp(None).run()
        return
    parent = context.find_root()
    click.echo(parent.get_help())
    click.echo(
        "\nThere is no terminal here, so no screen was opened: try `kafkascope demo --no-tui`."
    )
