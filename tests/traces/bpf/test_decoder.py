"""The decoder on hand-made bytes: what each record becomes, and what it remembers between them."""

import socket
import struct

import pytest

from tests.traces.bpf.hand_made import (
    DEV,
    KERNEL_DEV,
    PID,
    PIPE,
    REGULAR,
    SOCKET,
    TID,
    descriptor,
    enter,
    leave,
    record,
    text,
)
from traces.event import (
    BlockComplete,
    BlockIssue,
    ContextSwitch,
    DirtyFolio,
    FdRef,
    FilemapFault,
    FileSeen,
    FileWriteCopy,
    Lost,
    MapPages,
    ObservedEvent,
    PageCacheAdd,
    PageCacheGet,
    PageCacheRemove,
    PageFault,
    ProcessExit,
    ProcessSeen,
    Readahead,
    SkbTransmit,
    SocketReadCopy,
    SyscallEnter,
    SyscallExit,
    TcpSend,
    WritebackInode,
)
from traces.probes.bpf.decoder import Decoder
from traces.probes.bpf.records import RecordType

READ, WRITE, MMAP, MUNMAP, PREAD, SENDFILE, EPOLL_WAIT = 0, 1, 9, 11, 17, 40, 232
WHO = (1000, PID, TID)


def decoded(*records: bytes) -> list[ObservedEvent]:
    """All events of these records, as after the end of a recording."""
    decoder = Decoder("x86_64")
    decoder.feed(b"".join(records))
    return decoder.take(everything=True)


PLAIN = [
    (record(RecordType.CACHE_GET, 7, 2, 9, aux=KERNEL_DEV), PageCacheGet(*WHO, DEV, 7, 2, 9)),
    (record(RecordType.CACHE_ADD, 7, 16, 4, aux=KERNEL_DEV), PageCacheAdd(*WHO, DEV, 7, 16, 16)),
    (record(RecordType.CACHE_REMOVE, 7, 3, 0, aux=KERNEL_DEV), PageCacheRemove(*WHO, DEV, 7, 3, 1)),
    (record(RecordType.DIRTY, 7, 5, aux=KERNEL_DEV), DirtyFolio(*WHO, 7, 5, DEV)),
    (record(RecordType.WRITEBACK, 7, 40, aux=KERNEL_DEV), WritebackInode(*WHO, 7, 40, DEV)),
    (
        record(RecordType.WRITE_COPY, 7, 8192, 100, aux=KERNEL_DEV),
        FileWriteCopy(*WHO, DEV, 7, 8192, 100),
    ),
    (record(RecordType.TCP_SEND, 65536, 1, aux=2), TcpSend(*WHO, 65536, True, "pages")),
    (record(RecordType.TCP_SEND, 300, 0, aux=0), TcpSend(*WHO, 300, False, "user")),
    (record(RecordType.SKB_TRANSMIT, 4096, 10, 7, 3), SkbTransmit(*WHO, 4096, 10, 7, 3)),
    (record(RecordType.SKB_TRANSMIT, 0, 99), SkbTransmit(*WHO, 0, 99, 0, None)),
    (record(RecordType.SKB_COPY, 17920, 7), SocketReadCopy(*WHO, 17920, 7)),
    (
        record(RecordType.BLOCK_ISSUE, 88, 4096, 1, 7, 2, aux=KERNEL_DEV),
        BlockIssue(*WHO, DEV, 88, 4096, "write", 7, 2),
    ),
    (
        record(RecordType.BLOCK_ISSUE, 88, 0, 2, 0, 0, aux=KERNEL_DEV),
        BlockIssue(*WHO, DEV, 88, 0, "flush", 0, None),
    ),
    (
        record(RecordType.BLOCK_COMPLETE, 88, 4096, 0, aux=KERNEL_DEV, tid=0, pid=0),
        BlockComplete(1000, 0, 0, DEV, 88, 4096, "read"),
    ),
    (record(RecordType.SWITCH, 1, 12), ContextSwitch(*WHO, "sleep", 12)),
    (record(RecordType.SWITCH, 2, 0), ContextSwitch(*WHO, "disk", 0)),
    (record(RecordType.SWITCH, 0, 12), ContextSwitch(*WHO, "preempted", 12)),
    (record(RecordType.SWITCH, 0x100, 12), ContextSwitch(*WHO, "preempted", 12)),
    (record(RecordType.SWITCH, 0x10, 12), ContextSwitch(*WHO, "exited", 12)),
    (
        record(RecordType.FILEMAP_FAULT, 7, 30, aux=KERNEL_DEV),
        FilemapFault(*WHO, DEV, 7, 30),
    ),
    (record(RecordType.MAP_PAGES, 7, 16, 31, aux=KERNEL_DEV), MapPages(*WHO, DEV, 7, 16, 31)),
    (record(RecordType.PROCESS_EXIT, 3 << 8), ProcessExit(*WHO, 3)),
    (record(RecordType.PROCESS_EXIT, 9), ProcessExit(*WHO, -9)),
    (enter(600), SyscallEnter(*WHO, "syscall_600", (0,) * 6, ())),
    (leave(WRITE, -11), SyscallExit(*WHO, "write", -11)),
]


@pytest.mark.parametrize(("raw", "event"), PLAIN, ids=lambda v: type(v).__name__)
def test_one_record_is_one_event(raw: bytes, event: ObservedEvent) -> None:
    """Each kind of record becomes its event, field for field."""
    assert decoded(raw) == [event]


def test_sendfile_names_both_descriptors_and_the_offset() -> None:
    """The socket comes without a position, the file with the offset behind the pointer."""
    events = decoded(
        descriptor(9, 70, SOCKET),
        descriptor(5, 60, REGULAR, 11, 500, 4096, bits=2),
        text(RecordType.FILE_NAME, b"00000000000000000000.log"),
        enter(SENDFILE, 9, 5, 0xF00, 100),
    )
    name = "00000000000000000000.log"
    out, source = FdRef(9, "socket", DEV, 70), FdRef(5, "file", DEV, 60, name, 4096)
    assert events == [
        FileSeen(*WHO, DEV, 60, name),
        SyscallEnter(*WHO, "sendfile", (9, 5, 0xF00, 100, 0, 0), (out, source)),
    ]


def test_a_file_is_named_once() -> None:
    """The second call on a file carries the name but tells it no more."""
    named = text(RecordType.FILE_NAME, b"a.log")
    seen = descriptor(5, 60, REGULAR)
    events = decoded(seen, named, enter(READ, 5), leave(READ, 0), seen, enter(READ, 5))
    assert [e.name for e in events if isinstance(e, FileSeen)] == ["a.log"]
    assert [e.fds[0].name for e in events if isinstance(e, SyscallEnter)] == ["a.log", "a.log"]


@pytest.mark.parametrize(
    ("number", "bits", "position"),
    [(READ, 0, 11), (WRITE, 0, 11), (WRITE, 1, 500), (READ, 1, 11), (PREAD, 2, 77), (PREAD, 3, 77)],
)
def test_where_a_call_starts(number: int, bits: int, position: int) -> None:
    """The call's own offset, else the end of an O_APPEND file for writes, else the position."""
    events = decoded(descriptor(5, 60, REGULAR, 11, 500, 77, bits=bits), enter(number, 5))
    (call,) = (e for e in events if isinstance(e, SyscallEnter))
    assert call.fds == (FdRef(5, "file", DEV, 60, None, position),)


def test_a_socket_is_named_by_its_two_ends() -> None:
    """Addresses stand in network order, the local port in the host's."""
    here, there = (struct.unpack("=I", socket.inet_aton(a))[0] for a in ("127.0.0.1", "10.1.2.3"))
    ports = 9092 | (socket.htons(50123) << 16) | (socket.AF_INET << 32) | (1 << 48)
    events = decoded(descriptor(6, 61, SOCKET, here | (there << 32), ports), enter(READ, 6))
    name = "tcp 127.0.0.1:9092->10.1.2.3:50123"
    assert events[0] == FileSeen(*WHO, DEV, 61, name, "socket")
    assert isinstance(events[1], SyscallEnter)
    assert events[1].fds == (FdRef(6, "socket", DEV, 61, name),)


def test_what_is_not_a_file_has_no_position() -> None:
    """A pipe has neither name nor position here; an epoll descriptor is known by its call."""
    events = decoded(
        descriptor(1, 62, PIPE, 5), enter(WRITE, 1), descriptor(3, 63, 0o600), enter(EPOLL_WAIT, 3)
    )
    references = [e.fds[0] for e in events if isinstance(e, SyscallEnter)]
    assert references == [FdRef(1, "pipe", DEV, 62), FdRef(3, "eventpoll", DEV, 63)]


def test_a_fault_gets_its_severity_and_page() -> None:
    """Exception, file page asked for and final count become one fault, before what it caused."""
    events = decoded(
        record(RecordType.PAGE_FAULT, 0x7000, 0, aux=1),
        record(RecordType.FILEMAP_FAULT, 7, 30, aux=KERNEL_DEV, ts=1001),
        record(RecordType.FAULT_DONE, 0x7000, aux=1, ts=1002),
    )
    assert events == [
        PageFault(*WHO, 0x7000, "kernel", False, "major", DEV, 7, 30),
        FilemapFault(1001, PID, TID, DEV, 7, 30),
    ]


def test_an_open_fault_holds_back_what_follows() -> None:
    """Until a fault is complete nothing after it is handed over, so the order stays."""
    decoder = Decoder("x86_64")
    decoder.feed(record(RecordType.PAGE_FAULT, 0x7000, 6) + enter(READ, tid=99, ts=1001))
    assert decoder.take() == []
    decoder.feed(record(RecordType.FAULT_DONE, 0x7008, ts=1002))
    fault, call = decoder.take()
    assert fault == PageFault(*WHO, 0x7000, "user", True, "minor")
    assert isinstance(call, SyscallEnter)


@pytest.mark.parametrize("after", [enter(READ), leave(READ, 0), record(RecordType.PROCESS_EXIT)])
def test_a_fault_without_an_end_is_told_without_severity(after: bytes) -> None:
    """The thread's next step at the kernel's door closes a fault that no count has closed."""
    decoder = Decoder("x86_64")
    decoder.feed(record(RecordType.PAGE_FAULT, 0x7000) + after)
    assert decoder.take()[0] == PageFault(*WHO, 0x7000, "user", False, None)


def test_patience_with_an_open_fault_ends() -> None:
    """After a second of other events the fault is told as far as it is known."""
    decoder = Decoder("x86_64")
    decoder.feed(record(RecordType.PAGE_FAULT, 0x7000) + enter(READ, tid=99, ts=2_000_000_000))
    assert len(decoder.take()) == 2


def test_a_count_without_an_exception_is_a_fault() -> None:
    """Where a machine has no page_fault tracepoints the counting event alone tells the fault."""
    events = decoded(record(RecordType.FAULT_DONE, 0x7000, aux=1))
    assert events == [PageFault(*WHO, 0x7000, "user", False, "major")]


def test_mmap_teaches_what_lies_behind_an_address() -> None:
    """A fault in a mapping names its file's page; after munmap it names nothing."""
    fault = record(RecordType.PAGE_FAULT, 0x9000)
    events = decoded(
        descriptor(5, 60, REGULAR, 0, 0, 0x3000, bits=2),
        enter(MMAP, 0, 0x4000, 1, 1, 5, 0x3000),
        leave(MMAP, 0x8000),
        fault,
        enter(MUNMAP, 0x8000, 0x4000),
        leave(MUNMAP, 0),
        fault,
    )
    pages = [(e.dev, e.ino, e.index) for e in events if isinstance(e, PageFault)]
    assert pages == [(DEV, 60, 4), (0, 0, None)]


def test_failed_mmap_teaches_nothing() -> None:
    """An address below zero is an error number."""
    events = decoded(
        descriptor(5, 60, REGULAR),
        enter(MMAP, 0, 0x4000, 1, 1, 5, 0),
        leave(MMAP, -12),
        record(RecordType.PAGE_FAULT, 2**64 - 12),
    )
    assert isinstance(events[-1], PageFault)
    assert events[-1].ino == 0


def test_readahead_says_who_asked() -> None:
    """A read, the mark of an earlier window, or a fault; a window told twice counts once."""
    window = record(RecordType.READAHEAD, 7, 0, 64, aux=KERNEL_DEV)
    events = decoded(
        enter(PREAD),
        record(RecordType.READAHEAD_ASK, aux=0),
        window,
        window,
        leave(PREAD, 1),
        enter(PREAD),
        record(RecordType.READAHEAD_ASK, aux=1),
        window,
        leave(PREAD, 1),
        record(RecordType.PAGE_FAULT, 0x7000),
        window,
        record(RecordType.FAULT_DONE, 0x7000, aux=1),
    )
    kinds = [e.kind for e in events if isinstance(e, Readahead)]
    assert kinds == ["sync", "async", "fault"]


def test_loss_stands_where_the_gap_is() -> None:
    """A rise of the counter between two records is a gap of that size between them."""
    decoder = Decoder("x86_64")
    decoder.feed(
        enter(READ) + record(RecordType.SWITCH, 1, ts=2000, lost=5) + leave(READ, 0, ts=1999)
    )
    decoder.lost_at_end(3000, 8)
    kinds = decoder.take(everything=True)
    assert [type(e) for e in kinds] == [SyscallEnter, Lost, ContextSwitch, SyscallExit, Lost]
    assert [e for e in kinds if isinstance(e, Lost)] == [Lost(2000, 0, 0, 5), Lost(3000, 0, 0, 3)]
    assert decoder.lost == 8


def test_a_child_inherits_what_its_parent_has_mapped() -> None:
    """A fork is told as a process with its parent; the child's faults name the parent's files."""
    child = 2**31 - 7  # above any pid_max, so /proc knows nothing of it
    events = decoded(
        descriptor(5, 60, REGULAR),
        enter(MMAP, 0, 0x1000, 1, 1, 5, 0),
        leave(MMAP, 0x8000),
        record(RecordType.FORK, child),
        record(RecordType.PAGE_FAULT, 0x8000, pid=child, tid=child),
    )
    assert events[-2:] == [
        ProcessSeen(1000, child, child, "process", "", PID),
        PageFault(1000, child, child, 0x8000, "user", False, None, DEV, 60, 0),
    ]


def test_a_new_program_forgets_old_mappings() -> None:
    """After execve nothing of the old address space is left, and the process has a new name."""
    pid = 2**31 - 8
    start = descriptor(5, 60, REGULAR) + enter(MMAP, 0, 0x1000, 1, 1, 5, 0) + leave(MMAP, 0x8000)
    decoder = Decoder("x86_64")
    decoder.feed(start + record(RecordType.FORK, pid))
    name = struct.unpack("<6Q", b"kcat".ljust(48, b"\0"))
    decoder.feed(
        record(RecordType.EXEC, *name, pid=pid, tid=pid)
        + record(RecordType.PAGE_FAULT, 0x8000, pid=pid, tid=pid)
    )
    events = decoder.take(everything=True)
    assert events[-2] == ProcessSeen(1000, pid, pid, "process", "kcat", PID)
    assert isinstance(events[-1], PageFault)
    assert events[-1].ino == 0


def test_calls_without_a_number_are_left_out() -> None:
    """Number -1 is a debugger's way to skip a call."""
    assert decoded(enter(-1), leave(-1, 0)) == []


@pytest.mark.parametrize(
    ("here", "there", "name"),
    [
        ("::1", "fe80::5", "tcp [::1]:9092->[fe80::5]:50123"),
        ("::ffff:127.0.0.1", "::ffff:10.1.2.3", "tcp 127.0.0.1:9092->10.1.2.3:50123"),
    ],
)
def test_an_ipv6_socket_has_its_addresses_in_a_second_record(
    here: str, there: str, name: str
) -> None:
    """An IPv4 peer of an IPv6 socket (as Java's are) is shown as IPv4."""
    ports = 9092 | (socket.htons(50123) << 16) | (socket.AF_INET6 << 32) | (1 << 48)
    raw = b"".join(socket.inet_pton(socket.AF_INET6, end) for end in (here, there))
    events = decoded(
        descriptor(6, 61, SOCKET, 0, ports),
        record(RecordType.SOCKET_ADDRESSES, *struct.unpack("<4Q", raw)),
        enter(READ, 6),
    )
    assert events[0] == FileSeen(*WHO, DEV, 61, name, "socket")
