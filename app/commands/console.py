"""Where commands write: results to standard output, progress and remarks to standard error."""

import shutil
import sys
from typing import Final

import rich.console

PLAIN_WIDTH: Final = 120
"""Columns of a table when nobody's terminal says how wide it is."""


def out() -> rich.console.Console:
    """The console for results; as wide as the terminal, or ``PLAIN_WIDTH`` in a pipe."""
    return rich.console.Console(highlight=False, width=None if sys.stdout.isatty() else _width())


def remarks() -> rich.console.Console:
    """The console for progress and remarks (standard error)."""
    return rich.console.Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def has_terminal() -> bool:
    """Whether a person sits at both ends, so that a screen can be opened."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _width() -> int:
    return max(shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns, 80)
