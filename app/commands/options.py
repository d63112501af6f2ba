"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

PROBES: Final = ("auto", "bpf", "strace", "inprocess")
MODES: Final = ("read-write", "mmap", "sendfile", "splice")

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def probe_option(function: Decorated) -> Decorated:
    """``--probe``: which eyes to use."""
    return click.option(
        "--probe",
        "probe_name",
        type=click.Choice(PROBES),
        default="auto",
        show_default=True,
        help="What watches: auto takes the best that works here (see `kafkascope doctor`).",
    )(function)


def language_option(function: Decorated) -> Decorated:
    """``--lang``: the language of the screens."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(("en", "zh")),
        default="en",
        show_default=True,
        help="The language of the screens.",
    )(function)


def json_option(function: Decorated) -> Decorated:
    """``--json``: stable output for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )
