"""``kafkascope``: the table of commands, each loaded when it is called, and how errors are told.

Exit codes: 0 done, 1 failure (one sentence and what to do), 2 misuse. Nothing heavy is imported
here: ``kafkascope broker`` must not wait for Textual or matplotlib.
"""

import importlib
import signal
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

import click

COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "demo": ("app.commands.demo:demo", "One journey through a real broker, on the stage."),
        "race": ("app.commands.race:race", "The same bytes by read-write, mmap and sendfile."),
        "record": ("app.commands.record:record", "Record any process into a trace."),
        "replay": ("app.commands.replay:replay", "Open a saved trace on the stage."),
        "stats": ("app.commands.stats:stats", "What a trace adds up to."),
        "events": ("app.commands.events:events", "A trace event by event."),
        "lessons": ("app.commands.lessons:lessons", "What can be learnt here."),
        "doctor": ("app.commands.doctor:doctor", "What each probe can see on this machine."),
        "broker": ("app.commands.engine:broker", "The mini-Kafka's broker by itself."),
        "topics": ("app.commands.engine:topics", "Create, list and describe topics."),
        "produce": ("app.commands.engine:produce", "Send lines as records."),
        "consume": ("app.commands.engine:consume", "Read records back as lines."),
        "dump-log": ("app.commands.engine:dump_log", "Print a segment as Kafka's tool does."),
    }
)
"""Each command, where it is, and one line about it, in the order in which help lists them."""

HOME: Final = "app.commands.home:home"
FORESEEN: Final = ("TraceError", "ProbeError", "RecorderError")
"""Errors of ``traces`` whose text is already one sentence with what to do, known by name so that
nothing of ``traces`` is loaded for commands that do without it."""


def _load(target: str) -> click.Command:
    module, name = target.split(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of ``COMMANDS``."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        del ctx
        return _load(COMMANDS[cmd_name][0]) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; foreseeable trouble becomes one sentence."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            raise click.ClickException("Stopped by Ctrl-C.") from None
        except Exception as error:  # noqa: BLE001 - what nobody foresaw is raised again
            raise_foreseen(error)


def raise_foreseen(error: Exception) -> NoReturn:
    """Raise what a person can act on as ClickException, and anything else as it is."""
    if any(kind.__name__ in FORESEEN for kind in type(error).__mro__):
        raise click.ClickException(str(error)) from error
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        raise click.ClickException(
            f"The system refused{place} ({error.strerror}): check the path and its permissions."
        ) from error
    raise error


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: kafkascope demo --input my-lines.txt",
)
@click.version_option(package_name="kafkascope")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """See what the kernel does for one record on its way through a real mini-Kafka.

    Without a command: the home screen, with lessons, saved traces and the lab.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(_load(HOME))


def _leave(number: int, frame: object) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def main() -> None:
    """Run the command line and leave with its exit code.

    SIGTERM ends it like an error, so that brokers are stopped and traces are finished.
    """
    signal.signal(signal.SIGTERM, _leave)
    try:
        cli.main(prog_name="kafkascope")
    except BrokenPipeError:
        # The reader of our output left (``kafkascope events F | head``): that is no failure.
        sys.stderr.close()
        sys.exit(0)
