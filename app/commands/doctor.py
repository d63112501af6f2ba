"""``kafkascope doctor``: what each probe can see here, and what would change that."""

import json
import os
import platform
import sys
from typing import Any, Final

import click
import rich.table

from app.commands.console import out
from app.commands.options import json_option
from traces.probes.base import CAPABILITIES
from traces.recorder.choose import PROBES, Choice, try_probe

BY_THE_RECORDER: Final = ("spans", "lines")
"""Seen beside every probe in Python programs that the recorder starts itself."""


@click.command(epilog="Example: kafkascope doctor --json")
@json_option
def doctor(as_json: bool) -> None:
    """Say what each probe can see on this machine, what it cannot, and how to change that."""
    report = examine()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    machine = report["machine"]
    out().print(f"{machine['kernel']}, Python {machine['python']}, user id {machine['uid']}")
    out().print(_table(report["probes"]))
    for probe in report["probes"]:
        out().print(f"\n{probe['name']}: {_verdict(probe)}", soft_wrap=True)
        for gap in probe["gaps"]:
            out().print(f"  - {gap}", soft_wrap=True)
    out().print(
        "\nWith each of them, functions and source lines of the engine are seen as well, "
        "when kafkascope starts it.",
        soft_wrap=True,
    )


def examine() -> dict[str, Any]:
    """The report that ``doctor --json`` prints: ``machine`` and ``probes``, the best first."""
    return {
        "machine": {
            "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "uid": os.getuid(),
            "terminal": sys.stdout.isatty(),
        },
        "probes": [_examine_probe(name) for name in PROBES],
    }


def _examine_probe(name: str) -> dict[str, Any]:
    answer = try_probe(name)
    if isinstance(answer, Choice):
        return {
            "name": name,
            "available": True,
            "detail": answer.detail,
            "reason": None,
            "remedy": None,
            "capabilities": dict(answer.probe.capabilities),
            "gaps": list(answer.probe.gaps),
        }
    return {
        "name": name,
        "available": False,
        "detail": None,
        "reason": answer.reason,
        "remedy": answer.remedy,
        "capabilities": dict.fromkeys(CAPABILITIES, False),
        "gaps": [],
    }


def _verdict(probe: dict[str, Any]) -> str:
    if probe["available"]:
        return f"works here ({probe['detail']})"
    return f"{probe['reason']} {probe['remedy']}"


def _table(probes: list[dict[str, Any]]) -> rich.table.Table:
    table = rich.table.Table(title="What each probe can see", title_justify="left")
    table.add_column("")
    for probe in probes:
        table.add_column(probe["name"], justify="center")
    table.add_row("works here", *(("yes" if probe["available"] else "no") for probe in probes))
    for name in (name for name in CAPABILITIES if name not in BY_THE_RECORDER):
        seen = ("yes" if probe["capabilities"].get(name) else "-" for probe in probes)
        table.add_row(name.replace("_", " "), *seen)
    return table
