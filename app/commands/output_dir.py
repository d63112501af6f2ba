"""The directory that demo and race write into."""

import shutil
from pathlib import Path
from typing import Final

import click

DEFAULT: Final = Path("kafkascope-out")
OURS: Final = frozenset({"broker", "records.in", "records.out"})
"""All that demo and race put into a data directory: one with anything else is not ours to remove."""


def prepare(directory: Path) -> Path:
    """Make the directory if needed; raises ClickException if nothing can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"{directory} cannot be written ({error.strerror}): name another --output-dir."
        ) from error
    return directory


def fresh_data_dir(directory: Path) -> Path:
    """An empty directory at this place; one that a broker of ours left there is removed.

    Raises ClickException if something else is there.
    """
    if directory.exists():
        names = {entry.name for entry in directory.iterdir()}
        if names - OURS:
            raise click.ClickException(
                f"{directory} holds files that are not ours: move them, "
                "or name another --output-dir."
            )
        shutil.rmtree(directory)
    directory.mkdir()
    return directory
