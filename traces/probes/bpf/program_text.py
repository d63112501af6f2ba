"""The text of the BPF program for this kernel: defines in front, then the C files as they stand."""

import os
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from traces.probes.bpf.btf import Btf, BtfError
from traces.probes.bpf.records import RecordType
from traces.probes.bpf.sections import SECTIONS, btf_path, usable_sections
from traces.probes.bpf.tracefs import Tracefs

RING_PAGES: Final = 4096  # 16 MiB; a burst of 1.5 million records a second has 120 ms of room
_PARTS: Final = (
    "common",
    "syscalls",
    "page_cache",
    "readahead",
    "file_systems",
    "network",
    "block",
    "processes",
)
_FIRST_NAMESPACE: Final = 0xEFFFFFFC  # PROC_PID_INIT_INO
_ITERATORS: Final = ("ITER_UBUF", "ITER_IOVEC", "ITER_KVEC")


class Layout:
    """Kernel fields by name; what BTF lacks is remembered as missing."""

    def __init__(self, btf: Btf) -> None:
        """Answer from ``btf``."""
        self._btf = btf
        self._offsets: dict[str, int | None] = {}

    def offset(self, field: str) -> int | None:
        """Byte offset of ``struct.member``, or None if this kernel has no such field."""
        if field not in self._offsets:
            try:
                self._offsets[field] = self._btf.offset(btf_path(field))
            except BtfError:
                self._offsets[field] = None
        return self._offsets[field]

    def has(self, field: str) -> bool:
        """Whether this kernel has the field."""
        return self.offset(field) is not None

    def size(self, name: str) -> int:
        """Size of a struct in bytes; raises BtfError."""
        return self._btf.size(name)

    def iterator_kind(self, name: str) -> int:
        """Value of an iter_type; 255 (no kind) where the kernel has none of that name."""
        try:
            return self._btf.enumerator("iter_type", name)
        except BtfError:
            return 255


def sections_here(tracefs: Tracefs, layout: Layout) -> frozenset[str]:
    """Names of the sections that this machine's kernel can carry."""
    return usable_sections(tracefs.fields, layout.has)


def program_text(names: frozenset[str], tracefs: Tracefs, layout: Layout) -> str:
    """Return the whole C text with the sections ``names`` switched on."""
    folder = files("traces.probes.bpf") / "program"
    parts = [(folder / f"{part}.bpf.c").read_text(encoding="utf-8") for part in _PARTS]
    return "\n".join([*_defines(names, tracefs, layout), *parts])


def _defines(names: frozenset[str], tracefs: Tracefs, layout: Layout) -> Iterable[str]:
    yield f"#define RING_PAGES {RING_PAGES}"
    yield from (f"#define SIZE_{name} {layout.size(name)}" for name in ("page", "upid"))
    yield from _namespace()
    for kind in RecordType:
        yield f"#define TYPE_{kind.name} {kind.value}"
    for iterator in _ITERATORS:
        yield f"#define {iterator} {layout.iterator_kind(iterator)}"
    kernel_fields: dict[str, None] = {}
    for section in SECTIONS:
        if section.name not in names:
            continue
        yield f"#define WITH_{section.name} 1"
        kernel_fields.update(dict.fromkeys(section.kernel))
        for field in section.optional:
            tracepoint = section.tracepoints[0]
            if field in tracefs.fields(tracepoint):
                yield f"#define HAVE_FIELD_{tracepoint.rpartition('/')[2]}__{field} 1"
    for field in kernel_fields:
        yield f"#define AT_{_macro(field)} {layout.offset(field)}"


def _namespace() -> Iterable[str]:
    """Name this process's pid namespace, unless it is the first one, whose numbers are global."""
    found = Path("/proc/self/ns/pid").stat()
    if found.st_ino != _FIRST_NAMESPACE:
        device = os.major(found.st_dev) << 20 | os.minor(found.st_dev)
        yield f"#define NAMESPACE_DEVICE {device}"
        yield f"#define NAMESPACE_INODE {found.st_ino}"


def _macro(field: str) -> str:
    """Spell a field as the C text does: the struct, two underscores, the last member's name."""
    struct_name, _, members = field.partition(".")
    spelled = _SPELLINGS.get(members, members.rpartition(".")[2])
    return f"{struct_name}__{spelled.lstrip('_')}"


_SPELLINGS: Final = {
    "f_path.dentry": "f_path_dentry",
    "d_name.name": "d_name_name",
    "msg_iter.count": "iter_count",
}
