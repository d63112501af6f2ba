"""Turns ``python -m engine ...`` into the same program behind the launcher."""

import os
from collections.abc import Sequence
from typing import Final

LAUNCHER: Final = "traces.probes.launcher"
_FLAGS_WITH_VALUE: Final = ("-X", "-W", "--check-hash-based-pycs")


def program_start(argv: Sequence[str]) -> int | None:
    """Return where the module or script of a Python command begins; None if it is no such.

    ``python -m x`` and ``python x.py`` are; ``python -c``, ``python -`` and any other command
    are not.
    """
    if not argv or not os.path.basename(argv[0]).startswith("python"):
        return None
    place = 1
    while place < len(argv):
        word = argv[place]
        if word == "-m":
            return place if place + 1 < len(argv) else None
        if word in _FLAGS_WITH_VALUE:
            place += 2
        elif word.startswith("-"):
            if word == "-" or word.startswith("-c"):
                return None
            place += 1
        else:
            return place
    return None


def with_launcher(argv: Sequence[str], *options: str) -> list[str] | None:
    """Put the launcher, with these options of its, into a Python command; None if it is no such.

    A command that has the launcher already gets the options added.
    """
    start = program_start(argv)
    if start is None:
        return None
    head, program = list(argv[:start]), list(argv[start:])
    if program[:2] == ["-m", LAUNCHER]:
        return [*head, *program[:2], *options, *program[2:]]
    return [*head, "-m", LAUNCHER, *options, "--", *program]
