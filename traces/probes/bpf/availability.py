"""Whether the BPF probe can work here for this user: quick looks, no side effects."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Final

from traces.probes.base import Availability, Available, Unavailable
from traces.probes.bpf.bcc_library import find_bcc
from traces.probes.bpf.btf import BTF_PATH
from traces.probes.bpf.tracefs import MOUNT_COMMAND, Tracefs

_STATUS: Final = Path("/proc/self/status")
# Bits of capabilities(7).
_DAC_READ_SEARCH, _SYS_ADMIN, _PERFMON, _BPF = 2, 21, 38, 39
_AS_ROOT: Final = (
    "Run the command with sudo (or grant CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH)."
)


def availability() -> Availability:
    """Say whether the probe can be started, and if not, why and what to do."""
    for check in _CHECKS:
        problem = check()
        if problem is not None:
            return problem
    return Available(f"bcc, kernel {platform.release()}")


def effective_capabilities() -> int:
    """Return the capability bits in force for this process."""
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return int(value, 16)
    return 0


def _linux() -> Unavailable | None:
    if platform.system() == "Linux":
        return None
    return Unavailable(
        f"eBPF is part of Linux; this is {platform.system()}.",
        "Open a sample trace, or record on a Linux machine.",
    )


def _bcc() -> Unavailable | None:
    if find_bcc() is not None:
        return None
    return Unavailable(
        "The system's bcc library for Python is not installed.",
        "Run: sudo apt-get install -y python3-bpfcc",
    )


def _btf() -> Unavailable | None:
    if BTF_PATH.exists():
        return None
    return Unavailable(
        f"This kernel does not describe its types: {BTF_PATH} is missing.",
        "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as current distributions ship.",
    )


def _privilege() -> Unavailable | None:
    held = effective_capabilities()
    if _has(held, _SYS_ADMIN) or (_has(held, _BPF) and _has(held, _PERFMON)):
        return None
    return Unavailable("This user may not load BPF programs.", _AS_ROOT)


def _tracefs() -> Unavailable | None:
    if Tracefs.find() is not None or _has(effective_capabilities(), _SYS_ADMIN):
        return None  # a worker with CAP_SYS_ADMIN mounts tracefs for itself
    if _has(effective_capabilities(), _DAC_READ_SEARCH):
        return Unavailable("Tracefs is not mounted.", f"Run: sudo {MOUNT_COMMAND}")
    return Unavailable("This user may not read tracefs.", _AS_ROOT)


def _has(held: int, capability: int) -> bool:
    return bool(held >> capability & 1)


_CHECKS: Final[tuple[Callable[[], Unavailable | None], ...]] = (
    _linux,
    _bcc,
    _btf,
    _privilege,
    _tracefs,
)
