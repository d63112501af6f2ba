"""What /proc says about a running process; empty answers where there is no /proc."""

import contextlib
import os
import shlex
import time
from pathlib import Path

from traces.event import ThreadSeen


def is_running(pid: int) -> bool:
    """Say whether there is such a process, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_of(pid: int) -> str:
    """Return its command line, quoted as for a shell."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return shlex.join(words[:-1])
    return ""


def threads_of(pid: int) -> list[ThreadSeen]:
    """Return its threads by the names that the kernel knows."""
    found = []
    now = time.monotonic_ns()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                name = (task / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(ThreadSeen(now, pid, int(task.name), name))
    return found
