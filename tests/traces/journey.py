"""One record's journey, made by hand: the events that a kernel would show, with round numbers.

A producer sends 64 KiB; the broker receives and appends them; a consumer fetches the same bytes
three times: by sendfile, by mmap + send, by read + send. The pages of the third part of the file
are cold, so that one fetch has prefetched pages, a miss, a block request and a wait.
"""

from collections.abc import Callable
from pathlib import Path

from traces.event import (
    BlockComplete,
    BlockIssue,
    ContextSwitch,
    DirtyFolio,
    FdRef,
    FilemapFault,
    FileSeen,
    FileWriteCopy,
    MapPages,
    Mark,
    ObservedEvent,
    PageCacheAdd,
    PageCacheGet,
    PageFault,
    ProcessExit,
    ProcessSeen,
    Readahead,
    SkbTransmit,
    SocketReadCopy,
    SpanEnd,
    SpanLine,
    SpanStart,
    SyscallEnter,
    SyscallExit,
    TcpSend,
    ThreadSeen,
)
from traces.trace_file import Function, TraceHeader, TraceWriter

CHUNK = 65536
PAGES = CHUNK // 4096
DEV, INO = 8388609, 4242
LOG = "/data/journey-0/00000000000000000000.log"
PRODUCER, BROKER, CONSUMER = 1000, 2000, 3000
PROCESSOR, HANDLER = 2001, 2002
MAPPED_AT = 0x7F0000000000

_SOURCE = "def {name}(self, records):\n    size = len(records)\n    return self._next(records)\n"
_NAMES = (
    ("engine.server.kafka_apis", "KafkaApis.handle_produce_request"),
    ("engine.log.unified_log", "UnifiedLog.append_as_leader"),
    ("engine.log.log_segment", "LogSegment.append"),
    ("engine.record.file_records", "FileRecords.append"),
    ("engine.nio.file_channel", "FileChannel.write"),
    ("engine.record.file_records", "FileRecords.write_to"),
    ("engine.nio.file_channel", "FileChannel.transfer_to"),
)
FUNCTIONS = tuple(
    Function(
        id=number,
        module=module,
        qualname=qualname,
        file=module.replace(".", "/") + ".py",
        first_line=100 * (number + 1),
        source=_SOURCE.format(name=qualname.split(".")[1]),
    )
    for number, (module, qualname) in enumerate(_NAMES)
)
CAPABILITIES = dict.fromkeys(
    (
        "syscalls",
        "fd_identity",
        "faults",
        "fault_severity",
        "page_cache",
        "copies_observed",
        "skb_owner",
        "block",
        "context_switches",
        "spans",
        "lines",
    ),
    True,
)
HEADER = TraceHeader(
    probe="bpf",
    created="2025-01-01T00:00:00Z",
    kernel="6.18.0",
    machine="x86_64",
    cpus=2,
    python="3.11.7",
    command="journey",
    capabilities=CAPABILITIES,
    functions=FUNCTIONS,
)

LOG_FD = FdRef(9, "file", DEV, INO, LOG, 0)
PRODUCER_SOCKET = FdRef(3, "socket", 8, 71, "tcp 127.0.0.1:5000->127.0.0.1:9092")
FROM_PRODUCER = FdRef(12, "socket", 8, 72, "tcp 127.0.0.1:9092->127.0.0.1:5000")
TO_CONSUMER = FdRef(13, "socket", 8, 73, "tcp 127.0.0.1:9092->127.0.0.1:6000")
CONSUMER_SOCKET = FdRef(4, "socket", 8, 74, "tcp 127.0.0.1:6000->127.0.0.1:9092")


class Tape:
    """Writes events down with a clock that moves 1.5 microseconds an event."""

    def __init__(self) -> None:
        self.events: list[ObservedEvent] = []
        self.now = 1_000_000_000
        self.pid = 0
        self.tid = 0

    def thread(self, pid: int, tid: int) -> None:
        """Let the events to come belong to this thread."""
        self.pid, self.tid = pid, tid

    def add(self, make: Callable[..., ObservedEvent], *args: object, **named: object) -> None:
        """Append one event; ``args`` are its fields after ts, pid and tid."""
        self.now += 1500
        self.events.append(make(self.now, self.pid, self.tid, *args, **named))

    def call(self, name: str, args: tuple[int, ...], fds: tuple[FdRef, ...]) -> None:
        """Enter a system call."""
        self.add(SyscallEnter, name, args, fds)

    def back(self, name: str, ret: int) -> None:
        """Return from it."""
        self.add(SyscallExit, name, ret)


def journey() -> list[ObservedEvent]:
    """Return the whole journey, in order of time."""
    tape = Tape()
    _cast(tape)
    _produce(tape)
    _fetch_sendfile(tape)
    _fetch_mmap(tape)
    _fetch_read(tape)
    _afterwards(tape)
    tape.thread(CONSUMER, CONSUMER)
    tape.add(ProcessExit, 0)
    return tape.events


def write_journey(path: Path) -> Path:
    """Write the journey to a trace file and return its path."""
    with TraceWriter(path, HEADER) as writer:
        writer.write(journey())
    return path


def _cast(tape: Tape) -> None:
    for pid, role in ((BROKER, "broker"), (PRODUCER, "producer"), (CONSUMER, "consumer")):
        tape.thread(pid, pid)
        tape.add(ProcessSeen, role, f"python -m engine {role}")
    for tid, name in ((PROCESSOR, "processor-0"), (HANDLER, "request-handler-0")):
        tape.thread(BROKER, tid)
        tape.add(ThreadSeen, name)
    tape.add(FileSeen, DEV, INO, LOG)


def _produce(tape: Tape) -> None:
    tape.thread(PRODUCER, PRODUCER)
    tape.add(Mark, "produce")
    tape.call("sendto", (3, 0x5000, CHUNK, 0), (PRODUCER_SOCKET,))
    tape.add(TcpSend, CHUNK, False)
    tape.add(SkbTransmit, 0, CHUNK)
    tape.back("sendto", CHUNK)
    tape.thread(BROKER, PROCESSOR)
    tape.call("epoll_wait", (5, 0x9000, 64, 300), ())
    tape.add(ContextSwitch, "sleep", 0)
    tape.back("epoll_wait", 1)
    tape.call("recvfrom", (12, 0x6000, CHUNK, 0), (FROM_PRODUCER,))
    tape.add(SocketReadCopy, 47616)
    tape.add(SocketReadCopy, 17920)
    tape.back("recvfrom", CHUNK)
    tape.thread(BROKER, HANDLER)
    for function in range(5):
        tape.add(SpanStart, function, 100 * function + 2)
    tape.add(SpanLine, 502)
    tape.call("pwrite64", (9, 0x6000, CHUNK, 0), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 0, PAGES)
    tape.add(FileWriteCopy, DEV, INO, 0, CHUNK)
    tape.add(DirtyFolio, INO, 0, DEV)
    tape.back("pwrite64", CHUNK)
    for function in reversed(range(5)):
        tape.add(SpanEnd, function)


def _begin_transfer(tape: Tape, chapter: str) -> None:
    tape.thread(BROKER, PROCESSOR)
    tape.add(Mark, chapter)
    tape.add(SpanStart, 5, 0)
    tape.add(SpanStart, 6, 602)


def _end_transfer(tape: Tape) -> None:
    tape.add(SpanEnd, 6)
    tape.add(SpanEnd, 5)


def _receive(tape: Tape, ino: int) -> None:
    tape.thread(CONSUMER, CONSUMER)
    tape.call("recvfrom", (4, 0x8000, CHUNK, 0), (CONSUMER_SOCKET,))
    tape.add(SocketReadCopy, 65483, ino)
    tape.add(SocketReadCopy, 53, ino)
    tape.back("recvfrom", CHUNK)


def _fetch_sendfile(tape: Tape) -> None:
    _begin_transfer(tape, "fetch by sendfile")
    tape.call("sendfile", (13, 9, 0x7000, CHUNK), (TO_CONSUMER, LOG_FD))
    tape.add(PageCacheGet, DEV, INO, 0, PAGES - 1)
    tape.add(TcpSend, CHUNK, True, "pages")
    tape.add(SkbTransmit, 65483, 0, INO, 0)
    tape.add(SkbTransmit, 53, 0, INO, PAGES - 1)
    tape.back("sendfile", CHUNK)
    _end_transfer(tape)
    _receive(tape, INO)


def _fetch_mmap(tape: Tape) -> None:
    _begin_transfer(tape, "fetch by mmap")
    tape.call("mmap", (0, CHUNK, 1, 1, 9, 0), (LOG_FD,))
    tape.back("mmap", MAPPED_AT)
    tape.call("sendto", (13, MAPPED_AT, CHUNK, 0), (TO_CONSUMER,))
    tape.add(TcpSend, CHUNK, False)
    tape.add(PageFault, MAPPED_AT, "kernel", False, "minor", DEV, INO, 0)
    tape.add(MapPages, DEV, INO, 0, PAGES - 1)
    tape.add(SkbTransmit, 0, CHUNK)
    tape.back("sendto", CHUNK)
    tape.call("munmap", (MAPPED_AT, CHUNK), ())
    tape.back("munmap", 0)
    _end_transfer(tape)
    _receive(tape, 0)


def _fetch_read(tape: Tape) -> None:
    """Fetch the next 64 KiB, which an earlier run left on the disk: one request brings 64 pages."""
    _begin_transfer(tape, "fetch by read and send, cold")
    tape.call("pread64", (9, 0xA000, CHUNK, CHUNK), (LOG_FD,))
    tape.add(Readahead, DEV, INO, PAGES, 4 * PAGES, "sync")
    tape.add(PageCacheAdd, DEV, INO, PAGES, 4 * PAGES)
    tape.add(BlockIssue, DEV, 8192, 4 * CHUNK, "read", INO, PAGES)
    tape.add(ContextSwitch, "disk", 0)
    tape.thread(0, 0)
    tape.add(BlockComplete, DEV, 8192, 4 * CHUNK, "read")
    tape.thread(BROKER, PROCESSOR)
    tape.add(PageCacheGet, DEV, INO, PAGES, 2 * PAGES - 1)
    tape.back("pread64", CHUNK)
    tape.call("sendto", (13, 0xA000, CHUNK, 0), (TO_CONSUMER,))
    tape.add(TcpSend, CHUNK, False)
    tape.add(SkbTransmit, 0, 32768)
    tape.add(SkbTransmit, 0, 32768)
    tape.back("sendto", CHUNK)
    _end_transfer(tape)
    _receive(tape, 0)


def _afterwards(tape: Tape) -> None:
    """Read one prefetched page, touch the heap and a new mapping, then make the file durable."""
    tape.thread(BROKER, PROCESSOR)
    tape.add(Mark, "afterwards")
    tape.call("pread64", (9, 0xB000, 4096, 2 * CHUNK), (LOG_FD,))
    tape.back("pread64", 4096)
    tape.add(PageFault, 0x55550000, "user", True, "minor")
    tape.call("mmap", (0, 4096, 3, 1, 9, 0), (LOG_FD,))
    tape.back("mmap", MAPPED_AT)
    tape.add(PageFault, MAPPED_AT, "user", True, "major", DEV, INO, 0)
    tape.add(FilemapFault, DEV, INO, 0)
    tape.call("fsync", (9,), (LOG_FD,))
    tape.add(BlockIssue, DEV, 4096, CHUNK, "write", INO, 0)
    tape.add(ContextSwitch, "disk", 0)
    tape.thread(0, 0)
    tape.add(BlockComplete, DEV, 4096, CHUNK, "write")
    tape.thread(BROKER, PROCESSOR)
    tape.back("fsync", 0)
