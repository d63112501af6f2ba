"""Runs ``python -m MODULE`` or a script with watched functions, the program none the wiser.

``python -m traces.probes.launcher [--spans RING --functions FILE] [--inprocess RING] -- ARGS``
where ARGS is what would have stood after ``python``: ``-m engine broker --port 0`` or
``script.py x``. Standard streams, signals, exit code, ``sys.argv`` and ``__main__`` are the
program's own. FILE holds a JSON list of ``module:Qual.name``. Imports as little as it can,
because what it imports is in the watched process.
"""

import argparse
import json
import os
import runpy
import sys
from collections.abc import Sequence

from traces.probes.ring.layout import CALL_RECORD, SPAN_RECORD
from traces.probes.ring.writer import RingWriter


def main(argv: Sequence[str]) -> None:
    """Install what was asked for and become the program."""
    options, program = _parse(argv)
    if options.inprocess:
        from traces.probes.inprocess.shim import Shim  # noqa: PLC0415 - only if asked for

        Shim(RingWriter(options.inprocess, CALL_RECORD)).install()
    if options.spans:
        _watch(options.spans, options.functions)
    run(program)


def run(program: Sequence[str]) -> None:
    """Run a module (``-m name args``) or a script (``path args``) as ``__main__``."""
    if program[0] == "-m" and len(program) > 1:
        sys.argv = [program[1], *program[2:]]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = list(program)
    sys.path[0] = os.path.dirname(os.path.abspath(program[0]))
    runpy.run_path(program[0], run_name="__main__")


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    split = list(argv).index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(prog="python -m traces.probes.launcher", description=__doc__)
    parser.add_argument("--spans", help="ring file for spans")
    parser.add_argument("--functions", help="JSON list of module:Qual.name")
    parser.add_argument("--inprocess", help="ring file for calls seen in the process")
    options = parser.parse_args(argv[:split])
    program = list(argv[split + 1 :])
    if not program or (program[0] == "-m" and len(program) == 1):
        parser.error("after -- there must be -m MODULE or a script")
    if options.spans and not options.functions:
        parser.error("--spans needs --functions")
    return options, program


def _watch(ring: str, functions: str) -> None:
    from traces.probes.spans.span_sink import SpanSink  # noqa: PLC0415 - only if asked for

    with open(functions, encoding="utf-8") as source:
        names = json.load(source)
    sink = SpanSink(RingWriter(ring, SPAN_RECORD), names)
    if sys.version_info >= (3, 12):
        from traces.probes.spans.monitoring_tracer import (  # noqa: PLC0415 - exists from 3.12 on
            MonitoringTracer,
        )

        MonitoringTracer(sink).install()
    else:
        from traces.probes.spans.profile_tracer import ProfileTracer  # noqa: PLC0415 - 3.11 only

        ProfileTracer(sink).install()


if __name__ == "__main__":
    main(sys.argv[1:])
