"""The records that are sent: the bundled text, a person's file, or as many bytes as a race needs."""

import itertools
from importlib import resources
from pathlib import Path
from typing import Final

BUNDLED: Final = "data/records.txt"
ROUNDS: Final = 5
"""How often the demo sends the bundled text: about twenty pages of log."""
RACE_LINE: Final = 4000


def bundled_lines() -> tuple[str, ...]:
    """The bundled text, a line a record."""
    text = resources.files("app.commands").joinpath(BUNDLED).read_text(encoding="utf-8")
    return tuple(text.splitlines())


def write_demo_input(path: Path) -> None:
    """Write the bundled text ``ROUNDS`` times, each line told apart by its round and number."""
    lines = bundled_lines()
    with path.open("w", encoding="utf-8") as file:
        for turn in range(1, ROUNDS + 1):
            file.writelines(f"{turn}.{number:03} {line}\n" for number, line in enumerate(lines, 1))


def write_race_input(path: Path, size: int) -> None:
    """Write at least ``size`` bytes in lines of about ``RACE_LINE``, made of the bundled text."""
    words = itertools.cycle(bundled_lines())
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for number in itertools.count():
            if written >= size:
                return
            line = f"{number:08}"
            while len(line) < RACE_LINE:
                line += " " + next(words)
            written += len(line.encode()) + 1
            file.write(line + "\n")
