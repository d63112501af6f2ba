"""The directory that demo and race write into."""

import shutil
from pathlib import Path
from typing import Final

import click

DEFAULT: Final = Path("kafkascope-out")
# What a broker or a race leaves in its data directory, by which we know that it is ours to remove.
OURS: Final = ("meta.properties", ".lock", "records.in")


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
        if names and not names & set(OURS):
            raise click.ClickException(
                f"{directory} holds files that no broker made: move them, "
                "or name another --output-dir."
            )
        shutil.rmtree(directory)
    directory.mkdir()
    return directory
