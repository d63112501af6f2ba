"""The tables behind the probe: system calls, descriptors, mappings, sections, layout of kernels."""

import struct
import subprocess
from pathlib import Path

import pytest

from traces.probes.bpf.btf import BTF_PATH, Btf, BtfError
from traces.probes.bpf.descriptors import DESCRIPTORS, packed_table
from traces.probes.bpf.mappings import FilePage, Mapping, Mappings
from traces.probes.bpf.proc_files import mapped_files
from traces.probes.bpf.records import device_number
from traces.probes.bpf.sections import SECTIONS, capabilities_of, gaps_of, usable_sections
from traces.probes.bpf.syscall_names import SyscallNames

ALL = frozenset(section.name for section in SECTIONS)


@pytest.mark.parametrize(
    ("machine", "number", "name"),
    [
        ("x86_64", 0, "read"),
        ("x86_64", 40, "sendfile"),
        ("x86_64", 334, "rseq"),
        ("x86_64", 451, "cachestat"),
        ("aarch64", 63, "read"),
        ("aarch64", 71, "sendfile"),
        ("aarch64", 291, "statx"),
        ("aarch64", 451, "cachestat"),
        ("x86_64", 400, "syscall_400"),
        ("x86_64", 9999, "syscall_9999"),
    ],
)
def test_names_of_calls(machine: str, number: int, name: str) -> None:
    """Known numbers have the kernel's names, unknown ones say their number."""
    assert SyscallNames(machine).name(number) == name


def test_descriptor_table_packs_arguments() -> None:
    """sendfile: the socket is argument 0, the file argument 1 with its offset behind argument 2."""
    names = SyscallNames("x86_64")
    table = dict(packed_table(names))
    assert table[40] == 0x83020001
    assert table[17] == 0x0401
    assert len(table) == len(DESCRIPTORS)


def test_mappings_split_and_replace() -> None:
    """A mapping over another takes its place; what sticks out on both sides stays right."""
    mappings = Mappings()
    mappings.add(1, Mapping(0x10000, 0x20000, 5, 60, 0))
    mappings.add(1, Mapping(0x14000, 0x15000, 5, 61, 0x7000))
    assert mappings.page_at(1, 0x13FFF) == FilePage(5, 60, 3)
    assert mappings.page_at(1, 0x14001) == FilePage(5, 61, 7)
    assert mappings.page_at(1, 0x15000) == FilePage(5, 60, 5)
    mappings.remove(1, 0x10000, 0x14000)
    assert mappings.page_at(1, 0x13FFF) is None
    assert mappings.page_at(1, 0x20000) is None
    assert mappings.page_at(2, 0x14001) is None


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_mapped_files_of_a_process_are_read() -> None:
    """A running program's own executable is among its mapped files, by device and inode."""
    pipe = subprocess.PIPE
    with subprocess.Popen(["/bin/cat"], stdin=pipe, stdout=pipe, bufsize=0) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"\n")
        assert child.stdout.read(1) == b"\n", "the program runs, so its mappings stand"
        program = Path(f"/proc/{child.pid}/exe").stat()
        found = {(f.mapping.dev, f.mapping.ino) for f in mapped_files(child.pid)}
    assert (program.st_dev, program.st_ino) in found


def test_device_numbers_are_those_of_stat() -> None:
    """The kernel packs 12 and 20 bits; stat shows another order."""
    assert device_number((254 << 20) | 3) == 0xFE03
    assert device_number((8 << 20) | 0x12345) == 0x12300845


def test_sections_depend_on_what_exists() -> None:
    """A kernel without tcp_sendmsg_locked loses that section, and says so."""
    fields = frozenset(name for section in SECTIONS for name in section.fields)
    here = usable_sections(
        lambda tracepoint: frozenset() if tracepoint.startswith("tcp/") else fields, bool
    )
    assert here == ALL - {"TCP_SEND"}
    assert len(gaps_of(here)) == 1
    assert gaps_of(ALL) == ()


def test_a_missing_field_drops_the_section() -> None:
    """A kernel field that BTF lacks switches off everything that reads it."""
    fields = frozenset(name for section in SECTIONS for name in section.fields)
    here = usable_sections(lambda _: fields, lambda field: field != "folio.index")
    assert {"PAGES", "DIRTY", "SKB_OWNER", "BLOCK"} == ALL - here
    assert capabilities_of(here)["skb_owner"] is False
    assert capabilities_of(here)["page_cache"] is True


def test_capabilities_of_everything_and_nothing() -> None:
    """With every section only the spans of source are missing; with none only calls are seen."""
    full = capabilities_of(ALL)
    assert [name for name, seen in full.items() if not seen] == ["spans", "lines"]
    assert [name for name, seen in capabilities_of(frozenset()).items() if seen] == ["syscalls"]


def small_btf() -> bytes:
    """A description of ``struct outer {u32 a; struct {u32 b; u32 c;};}`` and an enum."""
    names = b"\0outer\0a\0b\0c\0u32\0kinds\0SECOND\0"
    at = {word: names.index(b"\0" + word + b"\0") + 1 for word in names.split(b"\0") if word}
    types = b"".join(
        (
            struct.pack("<IIII", at[b"u32"], 1 << 24, 4, 32),
            struct.pack("<III", 0, (4 << 24) | 2, 8),
            struct.pack("<IIIIII", at[b"b"], 1, 0, at[b"c"], 1, 32),
            struct.pack("<III", at[b"outer"], (4 << 24) | 2, 12),
            struct.pack("<IIIIII", at[b"a"], 1, 0, 0, 2, 32),
            struct.pack("<III", at[b"kinds"], (6 << 24) | 1, 4),
            struct.pack("<Ii", at[b"SECOND"], 2),
        )
    )
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(names))
    return header + types + names


def test_btf_finds_members_in_unnamed_structs() -> None:
    """Offsets add up through an unnamed struct."""
    btf = Btf(small_btf())
    assert (btf.offset("outer.a"), btf.offset("outer.b"), btf.offset("outer.c")) == (0, 4, 8)
    assert btf.size("outer") == 12
    assert btf.enumerator("kinds", "SECOND") == 2


@pytest.mark.parametrize("path", ["outer.z", "other.a", "kinds.a"])
def test_btf_says_what_is_missing(path: str) -> None:
    """A field that is not there is an error with a name."""
    with pytest.raises(BtfError, match="this kernel has no"):
        Btf(small_btf()).offset(path)


@pytest.mark.parametrize("cut", [0, 10, 24, 60, 100])
def test_btf_cut_short_is_refused(cut: int) -> None:
    """A description that ends early is one clear error, whatever it lacks."""
    with pytest.raises(BtfError):
        Btf(small_btf()[:cut]).offset("outer.c")


@pytest.mark.skipif(not BTF_PATH.exists(), reason="this kernel ships no BTF")
def test_btf_of_the_running_kernel() -> None:
    """The first field of an inode is its mode, in every kernel so far."""
    assert Btf.of_running_kernel().offset("inode.i_mode") == 0
