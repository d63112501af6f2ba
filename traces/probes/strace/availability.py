"""Whether strace is here, new enough and allowed to trace."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from traces.probes.base import Availability, Available, Unavailable

OLDEST: Final = (5, 15)
"""The first release in which --syscall-times and --absolute-timestamps both take ``ns``."""


def check() -> Availability:
    """Try strace on a program that does nothing."""
    if shutil.which("strace") is None:
        return Unavailable("There is no strace here.", "Install it: apt-get install strace.")
    version = _version()
    found = ".".join(map(str, version))
    if version < OLDEST:
        return Unavailable(f"strace {found} is too old.", "Install strace 5.15 or newer.")
    scope = ptrace_scope()
    if scope >= 3 or (scope == 2 and os.geteuid() != 0):
        return Unavailable(
            f"Tracing is switched off (kernel.yama.ptrace_scope is {scope}).",
            "Set it to 1: sysctl kernel.yama.ptrace_scope=1 (a 3 stays until a restart).",
        )
    problem = _try()
    if problem is not None:
        return Unavailable(
            f"strace may not trace here ({problem}).", "In a container, add --cap-add SYS_PTRACE."
        )
    return Available(f"strace {found}")


def ptrace_scope() -> int:
    """Yama's limit: 0 none, 1 own children, 2 administrators, 3 nobody; 0 where it is absent."""
    try:
        return int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def status_field(pid: int, field: str) -> int:
    """Read a number such as ``TracerPid`` from /proc/PID/status; 0 if that is impossible."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
    return 0


def _version() -> tuple[int, ...]:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(["strace", "-V"], capture_output=True, timeout=10, check=False)
        found = re.search(rb"version (\d+)\.(\d+)", done.stdout)
        if found:
            return int(found[1]), int(found[2])
    return (0, 0)


def _try() -> str | None:
    command = ["strace", "-o", os.devnull, "true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else "no reason given"
