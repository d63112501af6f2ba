"""Takes the best probe that works here, and says why not a better one."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final

from traces.probes.base import Available, Probe, ProbeError, Unavailable

PROBES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bpf": "traces.probes.bpf.bpf_probe:BpfProbe",
        "strace": "traces.probes.strace.strace_probe:StraceProbe",
        "inprocess": "traces.probes.inprocess.inprocess_probe:InprocessProbe",
    }
)
"""Best first: the kernel's own eyes, then every system call, then what Python itself calls."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The probe to use, on what it stands, and one sentence for each better one not taken."""

    probe: Probe
    detail: str
    refused: tuple[str, ...] = ()


def choose_probe(name: str = "auto") -> Choice:
    """Return the probe of this name, or the best one for "auto".

    Raises ProbeError with one sentence if there is no such probe, or it does not work here.
    """
    if name != "auto" and name not in PROBES:
        raise ProbeError(f"There is no probe {name!r}: name one of auto, {', '.join(PROBES)}.")
    refused: list[str] = []
    for candidate in PROBES if name == "auto" else (name,):
        answer = try_probe(candidate)
        if isinstance(answer, Choice):
            return Choice(answer.probe, answer.detail, tuple(refused))
        refused.append(f"The probe {candidate} does not work here: {answer.reason} {answer.remedy}")
    raise ProbeError(" ".join(refused))


def try_probe(name: str) -> Choice | Unavailable:
    """Make one probe and ask it whether it works here."""
    # Loaded by name, so that a part missing on this system costs this one probe and no more.
    module, _, kind = PROBES[name].partition(":")
    try:
        probe: Probe = getattr(import_module(module), kind)()
    except (ImportError, OSError) as error:
        return Unavailable(f"It cannot be loaded ({error}).", "Reinstall kafkascope.")
    answer = probe.availability()
    return Choice(probe, answer.detail) if isinstance(answer, Available) else answer
