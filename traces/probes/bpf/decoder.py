"""From records to events: bytes in, values of ``traces.event`` out.

What a single record cannot say is remembered here per thread: the descriptors of the call that is
being entered, the mapping that is being made, who asked for read-ahead, the fault that is open.
"""

import struct
from collections.abc import Callable
from typing import Final

from traces.event import (
    FilemapFault,
    Lost,
    MapPages,
    ObservedEvent,
    ProcessExit,
    ProcessSeen,
    Readahead,
    SyscallEnter,
    SyscallExit,
)
from traces.probes.bpf.faults import FaultJoiner
from traces.probes.bpf.files_seen import FilesSeen, SeenDescriptor
from traces.probes.bpf.mappings import FilePage, Mapping, Mappings
from traces.probes.bpf.plain_events import PLAIN_EVENTS
from traces.probes.bpf.proc_files import command_of, mapped_files
from traces.probes.bpf.records import RECORD, Record, RecordType, device_number, signed
from traces.probes.bpf.syscall_names import SyscallNames

_ASKED: Final = ("sync", "async")


class Decoder:
    """The state between records of one recording."""

    def __init__(self, machine: str | None = None) -> None:
        """Decode records of a ``machine`` (as platform.machine() says), by default this one."""
        self.lost = 0
        self._syscalls = SyscallNames(machine)
        self._files = FilesSeen()
        self._mappings = Mappings()
        self._faults = FaultJoiner()
        self._roots: set[int] = set()
        self._parents: dict[int, int] = {}
        self._descriptors: dict[int, list[SeenDescriptor]] = {}
        self._mapping_calls: dict[int, SyscallEnter] = {}
        self._asked: dict[int, str] = {}
        self._windows: dict[int, tuple[int, int]] = {}
        self._handlers: dict[int, Callable[[Record], None]] = {
            RecordType.SYSCALL_ENTER: self._syscall_enter,
            RecordType.SYSCALL_EXIT: self._syscall_exit,
            RecordType.FILE_DESCRIPTOR: self._file_descriptor,
            RecordType.FILE_NAME: self._file_name,
            RecordType.SOCKET_ADDRESSES: self._socket_addresses,
            RecordType.PAGE_FAULT: self._page_fault,
            RecordType.FAULT_DONE: self._fault_done,
            RecordType.FILEMAP_FAULT: self._filemap_fault,
            RecordType.MAP_PAGES: self._map_pages,
            RecordType.READAHEAD_ASK: self._readahead_ask,
            RecordType.READAHEAD: self._readahead,
            RecordType.FORK: self._fork,
            RecordType.EXEC: self._exec,
            RecordType.PROCESS_EXIT: self._process_exit,
        }

    def feed(self, raw: bytes) -> None:
        """Take in whole records (RECORD_SIZE bytes each) in the order of the ring."""
        handlers = self._handlers
        for fields in RECORD.iter_unpack(raw):
            record = Record._make(fields)
            if record.lost > self.lost:
                self._tell_loss(record.ts, record.lost)
            handler = handlers.get(record.type)
            if handler is not None:
                handler(record)
                continue
            plain = PLAIN_EVENTS.get(record.type)
            if plain is not None:
                self._faults.add(plain(record))

    def take(self, *, everything: bool = False) -> list[ObservedEvent]:
        """Hand over the events that are complete; ``everything``: no record will follow."""
        return self._faults.take(everything=everything)

    def root(self, ts: int, pid: int) -> None:
        """A process is watched by name from now on: learn what it has mapped already."""
        self._roots.add(pid)
        self._learn_mappings(ts, pid)

    def child(self, ts: int, pid: int, parent: int) -> None:
        """A child that ran before its parent was watched."""
        self._parents[pid] = parent
        self._learn_mappings(ts, pid)
        self._process_seen(ts, pid, parent)

    def lost_at_end(self, ts: int, total: int) -> None:
        """Tell losses after the last record; ``total``: since the start."""
        if total > self.lost:
            self._tell_loss(ts, total)

    def _tell_loss(self, ts: int, total: int) -> None:
        self._faults.add(Lost(ts, 0, 0, total - self.lost))
        self.lost = total

    # ---- calls ----------------------------------------------------------------------------------

    def _file_descriptor(self, r: Record) -> None:
        self._descriptors.setdefault(r.tid, []).append(SeenDescriptor(r))

    def _file_name(self, r: Record) -> None:
        pending = self._descriptors.get(r.tid)
        if pending:
            pending[-1].base_name = _text(r)

    def _socket_addresses(self, r: Record) -> None:
        pending = self._descriptors.get(r.tid)
        if pending:
            pending[-1].addresses = struct.pack("<4Q", *r[7:11])

    def _syscall_enter(self, r: Record) -> None:
        self._between_calls(r.tid)
        seen = self._descriptors.pop(r.tid, ())
        number = signed(r.aux, 32)
        if number < 0:
            return  # a debugger's way to skip a call (ptrace(2)); no call is made
        name = self._syscalls.name(number)
        references = []
        for descriptor in seen:
            reference, told = self._files.reference(descriptor, name)
            references.append(reference)
            if told is not None:
                self._faults.add(told)
        event = SyscallEnter(r.ts, r.pid, r.tid, name, r[7:13], tuple(references))
        if name in {"mmap", "munmap"}:
            self._mapping_calls[r.tid] = event
        self._faults.add(event)

    def _syscall_exit(self, r: Record) -> None:
        self._between_calls(r.tid)
        number = signed(r.aux, 32)
        if number < 0:
            return
        ret = signed(r.a0)
        call = self._mapping_calls.pop(r.tid, None)
        if call is not None and not -4096 < ret < 0:
            self._mapped(call, ret)
        self._faults.add(SyscallExit(r.ts, r.pid, r.tid, self._syscalls.name(number), ret))

    def _mapped(self, call: SyscallEnter, address: int) -> None:
        if call.name == "munmap":
            start, length = call.args[:2]
            self._mappings.remove(call.pid, start, start + length)
            return
        length = call.args[1]
        found = next((fd for fd in call.fds if fd.kind == "file"), None)
        if found is None:
            self._mappings.remove(call.pid, address, address + length)
            return
        span = Mapping(address, address + length, found.dev, found.ino, found.position or 0)
        self._mappings.add(call.pid, span)

    def _between_calls(self, tid: int) -> None:
        """A thread at the door of the kernel has no fault open and nobody's read-ahead pending."""
        self._faults.abandon(tid)
        self._asked.pop(tid, None)
        self._windows.pop(tid, None)

    # ---- the page cache -------------------------------------------------------------------------

    def _page_fault(self, r: Record) -> None:
        self._asked.pop(r.tid, None)
        self._windows.pop(r.tid, None)
        self._faults.begin(r, self._mappings.page_at(r.pid, r.a0))

    def _fault_done(self, r: Record) -> None:
        self._faults.end(r, self._mappings.page_at(r.pid, r.a0))

    def _filemap_fault(self, r: Record) -> None:
        page = FilePage(device_number(r.aux), r.a0, r.a1)
        self._faults.asked_for(r.tid, page)
        self._faults.add(FilemapFault(r.ts, r.pid, r.tid, *page))

    def _map_pages(self, r: Record) -> None:
        self._faults.add(MapPages(r.ts, r.pid, r.tid, device_number(r.aux), r.a0, r.a1, r.a2))

    def _readahead_ask(self, r: Record) -> None:
        self._asked[r.tid] = _ASKED[r.aux]

    def _readahead(self, r: Record) -> None:
        window = (r.a0, r.a1)
        if self._windows.get(r.tid) == window:
            return  # the by-order way falls back to the page-by-page one and both say so
        self._windows[r.tid] = window
        kind = self._asked.pop(r.tid, "fault" if self._faults.is_open(r.tid) else "sync")
        dev = device_number(r.aux)
        self._faults.add(Readahead(r.ts, r.pid, r.tid, dev, r.a0, r.a1, r.a2, kind))

    # ---- processes ------------------------------------------------------------------------------

    def _fork(self, r: Record) -> None:
        child = r.a0
        self._parents[child] = r.pid
        self._mappings.copy(r.pid, child)
        self._process_seen(r.ts, child, r.pid)

    def _exec(self, r: Record) -> None:
        self._mappings.forget(r.pid)
        self._learn_mappings(r.ts, r.pid)
        if r.pid not in self._roots:
            self._process_seen(r.ts, r.pid, self._parents.get(r.pid, 0), _text(r))

    def _process_exit(self, r: Record) -> None:
        self._faults.abandon(r.tid)
        self._mappings.forget(r.pid)
        self._roots.discard(r.pid)
        signal = r.a0 & 0x7F
        status = -signal if signal else (r.a0 >> 8) & 0xFF
        self._faults.add(ProcessExit(r.ts, r.pid, r.tid, status))

    def _process_seen(self, ts: int, pid: int, parent: int, otherwise: str = "") -> None:
        command = command_of(pid) or otherwise
        self._faults.add(ProcessSeen(ts, pid, pid, "process", command, parent))

    def _learn_mappings(self, ts: int, pid: int) -> None:
        for found in mapped_files(pid):
            self._mappings.add(pid, found.mapping)
            told = self._files.mapped(ts, pid, found)
            if told is not None:
                self._faults.add(told)


def _text(r: Record) -> str:
    """Read a string that fills the record's numbers."""
    raw = struct.pack("<6Q", *r[7:13])
    return raw.partition(b"\0")[0].decode(errors="replace")
