"""What /proc says about the files of a running process: names of descriptors, mappings, command."""

import os
from pathlib import Path
from typing import NamedTuple

from traces.probes.bpf.mappings import Mapping


class MappedFile(NamedTuple):
    """One mapping of a file, with its path."""

    mapping: Mapping
    path: str


def descriptor_name(pid: int, fd: int, ino: int) -> str | None:
    """Return what ``/proc/PID/fd/N`` points to, if it is still the inode ``ino``."""
    link = f"/proc/{pid}/fd/{fd}"
    try:
        name = os.readlink(link)
        same = os.stat(link).st_ino == ino
    except OSError:
        return None
    return name if same else None


def mapped_files(pid: int) -> list[MappedFile]:
    """Return the file mappings of a process (proc_pid_maps(5)); none if it is gone."""
    try:
        text = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [found for line in text.splitlines() if (found := _mapped_file(line)) is not None]


def _mapped_file(line: str) -> MappedFile | None:
    fields = line.split(maxsplit=5)
    if len(fields) < 6 or fields[4] == "0":
        return None
    start, _, end = fields[0].partition("-")
    major, _, minor = fields[3].partition(":")
    dev = os.makedev(int(major, 16), int(minor, 16))
    mapping = Mapping(int(start, 16), int(end, 16), dev, int(fields[4]), int(fields[2], 16))
    return MappedFile(mapping, fields[5])


def command_of(pid: int) -> str:
    """Return a process's command line, arguments joined by spaces; empty if it is gone."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run, all generations."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            own = [int(word) for word in listing.read_text().split()]
        except OSError:
            continue
        for child in own:
            found += [child, *children_of(child)]
    return found
