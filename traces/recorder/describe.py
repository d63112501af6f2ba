"""Describes the machine and the recording for a trace's header."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from traces.probes.base import CAPABILITIES, Probe
from traces.probes.spans.functions import missing
from traces.trace_file import Function, TraceHeader


def describe(probe: Probe, functions: Sequence[Function], command: str) -> TraceHeader:
    """Build the header; the host's name and its user are deliberately not in it."""
    absent = missing(functions)
    gaps = list(probe.gaps)
    if absent:
        gaps.append(f"No source was found for {', '.join(absent)}.")
    seen = {name: bool(probe.capabilities.get(name)) for name in CAPABILITIES}
    seen["spans"] = seen["lines"] = bool(functions)
    return TraceHeader(
        probe=probe.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        kernel=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus=os.cpu_count() or 0,
        python=platform.python_version(),
        command=command,
        capabilities=seen,
        gaps=tuple(gaps),
        functions=tuple(functions),
    )
