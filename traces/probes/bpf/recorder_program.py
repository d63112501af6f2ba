"""The BPF program, loaded and attached in this process: who is watched, and whether it records."""

import ctypes
from typing import Any, Final

from traces.probes.bpf.bcc_library import BccError, compile_program, import_bcc
from traces.probes.bpf.btf import Btf
from traces.probes.bpf.descriptors import packed_table
from traces.probes.bpf.program_text import Layout, program_text, sections_here
from traces.probes.bpf.syscall_names import SyscallNames
from traces.probes.bpf.tracefs import Tracefs

_SOFTWARE: Final = 1  # PERF_TYPE_SOFTWARE
_FAULTS: Final = ((5, "on_minor_fault"), (6, "on_major_fault"))  # PERF_COUNT_SW_PAGE_FAULTS_*


class RecorderProgram:
    """One loaded program; it is gone from the kernel when this process is."""

    def __init__(self, tracefs: Tracefs) -> None:
        """Compile, load and attach; raises BccError or BtfError."""
        layout = Layout(Btf.of_running_kernel())
        self.sections = sections_here(tracefs, layout)
        text = program_text(self.sections, tracefs, layout)
        self._program = compile_program(import_bcc(), text)
        # Inside a pid namespace the C text keeps the numbers given here in a map of their own.
        self._names = "named" if "#define NAMESPACE_INODE" in text else "watched"
        self._attach_faults()
        table = self._program["descriptors"]
        for number, entry in packed_table(SyscallNames()):
            table[ctypes.c_int(number)] = ctypes.c_uint32(entry)
        self.ring_fd: int = self._program["events"].map_fd

    def record(self, *, on: bool) -> None:
        """Let records through, or no more."""
        self._program["recording"][ctypes.c_int(0)] = ctypes.c_uint32(on)

    def watch(self, tgid: int) -> None:
        """Add a process; raises OSError (E2BIG) when the table of processes is full."""
        try:
            self._program[self._names][ctypes.c_uint32(tgid)] = ctypes.c_uint32(1)
        except Exception as error:  # bcc raises bare Exception here
            raise OSError(f"process {tgid} cannot be added: {error}") from error

    def lost(self) -> int:
        """Return how many records found the ring full."""
        value: Any = self._program["lost"][ctypes.c_int(0)].value
        return int(value)

    def _attach_faults(self) -> None:
        """Sample every minor and every major fault (perf_event_open(2), period 1)."""
        for config, function in _FAULTS:
            try:
                self._program.attach_perf_event(
                    ev_type=_SOFTWARE, ev_config=config, fn_name=function, sample_period=1
                )
            except Exception as error:  # bcc raises bare Exception here
                raise BccError(f"page-fault events cannot be attached: {error}") from error
