"""The mini-Kafka by itself: these commands become ``python -m engine``, signals and codes included.

The process is replaced (execve), so that what a person stops or a test waits for is the engine
itself and not a parent of it.
"""

import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

EXAMPLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "broker": (
            "Run the broker; prints `listening on HOST:PORT` when it is ready.",
            "kafkascope broker --data-dir /tmp/data --port 9092 --override num.io.threads=8",
        ),
        "topics": (
            "Create, list and describe topics.",
            "kafkascope topics --bootstrap-server 127.0.0.1:9092 --list",
        ),
        "produce": (
            "Send a file or standard input, a line a record.",
            "kafkascope produce --bootstrap-server 127.0.0.1:9092 --topic lines --input my.txt",
        ),
        "consume": (
            "Read records back, a record a line.",
            "kafkascope consume --bootstrap-server 127.0.0.1:9092 --topic lines --from-beginning --max-messages 10",
        ),
        "dump-log": (
            "Print a segment or an index as Kafka's DumpLogSegments does.",
            "kafkascope dump-log /tmp/data/lines-0/00000000000000000000.log --print-data-log",
        ),
    }
)
HELP: Final = frozenset({"--help", "-h"})


def engine_argv(command: str, arguments: tuple[str, ...] = ()) -> list[str]:
    """The argv that runs an engine command with this interpreter."""
    return [sys.executable, "-m", "engine", command, *arguments]


def _become(command: str, arguments: tuple[str, ...]) -> None:
    if HELP & set(arguments):
        click.echo(f"{EXAMPLES[command][0]}\n\nExample: {EXAMPLES[command][1]}\n")
    sys.stdout.flush()
    argv = engine_argv(command, arguments)
    os.execv(argv[0], argv)  # noqa: S606 - becoming the engine is the purpose


def _command(name: str) -> click.Command:
    def callback(arguments: tuple[str, ...]) -> None:
        _become(name, arguments)

    # Help is the engine's own, after our example: it alone knows its options.
    return click.Command(
        name,
        callback=callback,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        help=EXAMPLES[name][0],
        epilog=f"Example: {EXAMPLES[name][1]}",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )


broker = _command("broker")
topics = _command("topics")
produce = _command("produce")
consume = _command("consume")
dump_log = _command("dump-log")
