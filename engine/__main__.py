"""``python -m engine COMMAND``: the broker, its clients and its tools.

A command's module is imported when it is chosen, so that a client does not load the broker.

System calls: none of its own.

Kafka: none, because Kafka starts each of its tools with a shell script of its own
"""

import argparse
import importlib
import sys
from typing import Protocol, cast

_COMMANDS = {
    "broker": ("engine.server.broker_command", "run a broker"),
    "produce": ("engine.clients.produce_command", "send the lines of a file as records"),
    "consume": ("engine.clients.consume_command", "read records"),
    "topics": ("engine.server.topics_command", "list, create, describe or delete topics"),
    "dump-log": ("engine.log.dump_log_segments", "print what a log file holds"),
}

_EXAMPLES = {
    "dump-log": "example: python -m engine dump-log --print-data-log "
    "DIR/lines-0/00000000000000000000.log"
}


class _Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: list[str]) -> int:
    """Run the command that ``argv`` names; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="A small Kafka: broker, clients and tools.",
        epilog="example: python -m engine broker --data-dir /tmp/data --port 9092",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in argv if word in _COMMANDS), None)
    module: _Command | None = None
    for name, (module_name, summary) in _COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
        if name == chosen:
            module = cast("_Command", importlib.import_module(module_name))
            module.add_arguments(sub)
            sub.epilog = sub.epilog or _EXAMPLES.get(name)
    args = parser.parse_args(argv)
    assert module is not None
    return module.run(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
