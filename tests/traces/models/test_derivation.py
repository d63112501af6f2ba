"""One test a row of the table of rules, on events made by hand."""

from collections.abc import Callable

import pytest

from tests.traces.journey import CAPABILITIES, DEV, INO, LOG_FD, TO_CONSUMER, Tape
from traces.event import (
    BlockIssue,
    CacheStat,
    Copy,
    DerivedEvent,
    Dma,
    Evidence,
    FdRef,
    FilemapFault,
    FileWriteCopy,
    HandOver,
    PageCacheAdd,
    PageCacheGet,
    PageFault,
    PageLookup,
    ProcessExit,
    Region,
    SkbTransmit,
    SocketReadCopy,
    TcpSend,
)
from traces.models.derivation import Derivation
from traces.models.page_cache import PageState
from traces.models.rules import RULES, explain

USER, CACHE, SOCKET = Region.USER, Region.PAGE_CACHE, Region.SOCKET
UNIX = FdRef(20, "socket", 8, 99, "unix")
REMOTE = FdRef(21, "socket", 8, 98, "tcp 10.0.0.1:9092->10.0.0.2:6000")
PIPE_IN, PIPE_OUT = FdRef(30, "pipe", 14, 55), FdRef(31, "pipe", 14, 55)
OTHER = FdRef(10, "file", DEV, 5151, "/data/other", 0)
BLIND = {"syscalls": True, "fd_identity": True}


def _derive(
    play: Callable[[Tape], None], capabilities: dict[str, bool] | None = None
) -> list[DerivedEvent]:
    tape = Tape()
    tape.thread(7, 7)
    play(tape)
    fold = Derivation(CAPABILITIES if capabilities is None else capabilities)
    return [one for event in tape.events for one in fold.feed(event)]


def _shape(event: DerivedEvent) -> tuple[str, Region | int, Region | int, int]:
    if isinstance(event, PageLookup):
        return (event.rule, event.hits, event.misses, event.prefetched)
    return (event.rule, event.source, event.target, event.size)


def _call(tape: Tape, name: str, args: tuple[int, ...], fds: tuple[FdRef, ...], ret: int) -> None:
    tape.call(name, args, fds)
    tape.back(name, ret)


def _observed_write(tape: Tape) -> None:
    tape.call("pwrite64", (9, 1, 5000, 0), (LOG_FD,))
    tape.add(FileWriteCopy, DEV, INO, 0, 4096)
    tape.add(FileWriteCopy, DEV, INO, 4096, 904)
    tape.back("pwrite64", 5000)


def _observed_receive(tape: Tape) -> None:
    tape.call("recvfrom", (13, 1, 9000, 0), (TO_CONSUMER,))
    tape.add(SocketReadCopy, 4001)
    tape.add(SocketReadCopy, 17)
    tape.back("recvfrom", 4018)


def _sendfile(tape: Tape) -> None:
    tape.call("sendfile", (13, 9, 0, 8192), (TO_CONSUMER, LOG_FD))
    tape.add(TcpSend, 8192, True, "pages")
    tape.add(SkbTransmit, 8192, 0, INO, 0)
    tape.back("sendfile", 8192)


def _splice(tape: Tape) -> None:
    _call(tape, "splice", (9, 0, 31, 0, 4096, 0), (LOG_FD, PIPE_OUT), 4096)
    _call(tape, "splice", (30, 0, 13, 0, 4096, 0), (PIPE_IN, TO_CONSUMER), 4096)


def _copy_range(tape: Tape) -> None:
    tape.call("copy_file_range", (9, 0, 10, 0, 300, 0), (LOG_FD, OTHER))
    tape.add(FileWriteCopy, DEV, OTHER.ino, 0, 300)
    tape.back("copy_file_range", 300)


def _cachestat_read(tape: Tape) -> None:
    tape.add(CacheStat, DEV, INO, 0, 3, 2)
    _call(tape, "pread64", (9, 1, 12288, 0), (LOG_FD,), 12288)


COPY_CASES: list[tuple[str, Callable[[Tape], None], dict[str, bool], list[object]]] = [
    (
        "the kernel told of two copies: the return adds nothing",
        _observed_write,
        CAPABILITIES,
        [("write-copy", USER, CACHE, 4096), ("write-copy", USER, CACHE, 904)],
    ),
    (
        "nobody saw the copy: the return tells",
        lambda tape: _call(tape, "write", (9, 1, 5000), (LOG_FD,), 5000),
        BLIND,
        [("write-return", USER, CACHE, 5000)],
    ),
    (
        "another file system: the capability is there, the event is not",
        lambda tape: _call(tape, "write", (9, 1, 5000), (LOG_FD,), 5000),
        CAPABILITIES,
        [("write-return", USER, CACHE, 5000)],
    ),
    (
        "read",
        lambda tape: _call(tape, "pread64", (9, 1, 700, 4000), (LOG_FD,), 700),
        BLIND,
        [("read-return", CACHE, USER, 700)],
    ),
    (
        "send",
        lambda tape: _call(tape, "sendto", (13, 1, 700, 0), (TO_CONSUMER,), 691),
        CAPABILITIES,
        [("send-return", USER, SOCKET, 691)],
    ),
    (
        "write to a socket",
        lambda tape: _call(tape, "writev", (13, 1, 2), (TO_CONSUMER,), 691),
        CAPABILITIES,
        [("send-return", USER, SOCKET, 691)],
    ),
    (
        "receive, seen",
        _observed_receive,
        CAPABILITIES,
        [("skb-copy", SOCKET, USER, 4001), ("skb-copy", SOCKET, USER, 17)],
    ),
    (
        "receive, not seen",
        lambda tape: _call(tape, "recvfrom", (13, 1, 700, 0), (TO_CONSUMER,), 691),
        BLIND,
        [("recv-return", SOCKET, USER, 691)],
    ),
    (
        "pipe",
        lambda tape: _call(tape, "write", (31, 1, 1), (PIPE_OUT,), 1),
        CAPABILITIES,
        [("pipe-return", USER, Region.PIPE, 1)],
    ),
    (
        "copy_file_range",
        _copy_range,
        BLIND,
        [("write-copy", CACHE, CACHE, 300)],
    ),
    (
        "copy_file_range, not seen",
        lambda tape: _call(tape, "copy_file_range", (9, 0, 10, 0, 300, 0), (LOG_FD, OTHER), 300),
        BLIND,
        [("file-to-file", CACHE, CACHE, 300)],
    ),
    (
        "sendfile, its pages seen in the buffer",
        _sendfile,
        {**CAPABILITIES, "page_cache": False},
        [("skb-owner", CACHE, SOCKET, 8192)],
    ),
    (
        "sendfile, not seen",
        lambda tape: _call(tape, "sendfile", (13, 9, 0, 8192), (TO_CONSUMER, LOG_FD), 8192),
        BLIND,
        [("sendfile-return", CACHE, SOCKET, 8192)],
    ),
    (
        "sendfile to a socket without network buffers on a device",
        lambda tape: _call(tape, "sendfile", (20, 9, 0, 8192), (UNIX, LOG_FD), 8192),
        {**CAPABILITIES, "page_cache": False},
        [("sendfile-return", CACHE, SOCKET, 8192)],
    ),
    (
        "splice",
        _splice,
        BLIND,
        [
            ("splice-to-pipe", CACHE, Region.PIPE, 4096),
            ("splice-return", Region.PIPE, SOCKET, 4096),
        ],
    ),
    (
        "cachestat",
        _cachestat_read,
        {**BLIND, "page_cache": True},
        [("lookup-cachestat", 2, 1, 0), ("read-return", CACHE, USER, 12288)],
    ),
    (
        "disk",
        lambda tape: tape.add(BlockIssue, DEV, 8, 4096, "write", INO, 3),
        CAPABILITIES,
        [("block-dma", CACHE, Region.DISK, 4096)],
    ),
    (
        "network card",
        lambda tape: _call(tape, "sendto", (21, 1, 700, 0), (REMOTE,), 700),
        BLIND,
        [("send-return", USER, SOCKET, 700), ("nic-dma", SOCKET, Region.NIC, 700)],
    ),
    (
        "an error moves nothing",
        lambda tape: _call(tape, "sendto", (13, 1, 700, 0), (TO_CONSUMER,), -11),
        CAPABILITIES,
        [],
    ),
    (
        "a flush moves nothing",
        lambda tape: tape.add(BlockIssue, DEV, 0, 0, "flush"),
        CAPABILITIES,
        [],
    ),
    (
        "proc is no file of the page cache",
        lambda tape: _call(
            tape, "read", (5, 1, 99), (FdRef(5, "file", 22, 3, "/proc/self/stat", 0),), 99
        ),
        CAPABILITIES,
        [],
    ),
]


@pytest.mark.parametrize(("what", "play", "capabilities", "expected"), COPY_CASES)
def test_rule(
    what: str,
    play: Callable[[Tape], None],
    capabilities: dict[str, bool],
    expected: list[object],
) -> None:
    assert [_shape(one) for one in _derive(play, capabilities)] == expected, what


def test_every_rule_has_a_case() -> None:
    tested = {row[0] for case in COPY_CASES for row in case[3] if isinstance(row, tuple)}
    assert tested | {"lookup-adds"} == set(RULES)


def test_every_derived_event_has_the_evidence_of_its_rule() -> None:
    for _, play, capabilities, _ in COPY_CASES:
        for event in _derive(play, capabilities):
            assert event.evidence is RULES[event.rule].evidence


def test_an_explanation_names_each_rule_once() -> None:
    assert explain(_derive(_observed_write)) == (RULES["write-copy"].sentence,)
    assert explain([]) == ()


def _mapped_send(tape: Tape) -> None:
    _call(tape, "mmap", (0, 16384, 1, 1, 9, 4096), (LOG_FD,), 0x7000_0000)
    _call(tape, "sendto", (13, 0x7000_0100, 700, 0), (TO_CONSUMER,), 700)
    _call(tape, "munmap", (0x7000_0000, 16384), (), 0)
    _call(tape, "sendto", (13, 0x7000_0100, 700, 0), (TO_CONSUMER,), 700)


def test_a_send_from_a_mapping_names_the_file_and_only_while_it_is_mapped() -> None:
    first, second = (one for one in _derive(_mapped_send) if isinstance(one, Copy))
    assert (first.source, first.ino, first.offset) == (Region.MAPPING, INO, 4096 + 0x100)
    assert (second.source, second.ino) == (USER, 0)


def _faulting_send(tape: Tape) -> None:
    tape.call("sendmsg", (13, 0x1000, 0), (TO_CONSUMER,))
    tape.add(PageFault, 0x7000_0000, "kernel", False, "major", DEV, INO, 0)
    tape.add(FilemapFault, DEV, INO, 0)
    tape.add(PageCacheAdd, DEV, INO, 0, 4)
    tape.back("sendmsg", 700)


def test_a_send_that_faults_on_a_file_copies_from_its_mapping() -> None:
    (copy,) = _derive(_faulting_send)
    assert isinstance(copy, Copy)
    assert (copy.source, copy.ino) == (Region.MAPPING, INO)


def _direct(tape: Tape) -> None:
    _call(tape, "openat", (0, 1, 0o40000, 0), (), 9)
    _call(tape, "pread64", (9, 1, 4096, 0), (LOG_FD,), 4096)
    _call(tape, "close", (9,), (LOG_FD,), 0)
    _call(tape, "pread64", (9, 1, 4096, 0), (LOG_FD,), 4096)


def test_direct_reads_are_no_copies_until_the_descriptor_is_closed() -> None:
    assert len(_derive(_direct, BLIND)) == 1


def _cold_and_ahead(tape: Tape) -> None:
    """Three reads of five pages; the first brings thirteen, the third is beyond them."""
    tape.call("pread64", (9, 1, 20480, 0), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 0, 8)
    tape.add(PageCacheAdd, DEV, INO, 8, 5)
    tape.back("pread64", 20480)
    _call(tape, "pread64", (9, 1, 20480, 16384), (LOG_FD,), 20480)
    _call(tape, "pread64", (9, 1, 20480, 0), (LOG_FD,), 20480)
    tape.call("pread64", (9, 1, 20480, 45056), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 13, 3)
    tape.back("pread64", 20480)


def test_lookups_tell_missing_prefetched_and_hit_pages_apart() -> None:
    found = [_shape(one) for one in _derive(_cold_and_ahead) if isinstance(one, PageLookup)]
    assert found == [
        ("lookup-adds", 0, 5, 0),
        ("lookup-adds", 1, 0, 4),  # page 4 was read before
        ("lookup-adds", 5, 0, 0),
        ("lookup-adds", 0, 3, 2),
    ]


def _vector_reads(tape: Tape) -> None:
    """Two reads of unknown length; the first brings eight pages and takes five."""
    tape.call("preadv2", (9, 1, 1, 0, 0, 0), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 0, 8)
    tape.back("preadv2", 20480)
    tape.call("preadv2", (9, 1, 1, 20480, 0, 0), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 8, 1)
    tape.back("preadv2", 16384)


def test_a_vector_read_tells_its_pages_when_it_returns() -> None:
    found = [_shape(one) for one in _derive(_vector_reads) if isinstance(one, PageLookup)]
    assert found == [("lookup-adds", 0, 5, 0), ("lookup-adds", 0, 1, 3)]


def _unknown_position(tape: Tape) -> None:
    nowhere = FdRef(9, "file", DEV, INO, "/data/log")
    tape.call("sendfile", (13, 9, 0x7000, 8192), (TO_CONSUMER, nowhere))
    tape.add(PageCacheGet, DEV, INO, 6, 7)
    tape.add(PageCacheGet, DEV, INO, 7, 7)
    tape.back("sendfile", 8192)
    _call(tape, "sendfile", (13, 9, 0x7000, 8192), (TO_CONSUMER, nowhere), 8192)


def test_the_first_page_looked_for_stands_in_for_an_unknown_offset() -> None:
    found = [one for one in _derive(_unknown_position) if isinstance(one, PageLookup)]
    assert [(one.index, one.hits) for one in found] == [(6, 2)]


def _late_buffer(tape: Tape) -> None:
    tape.call("sendfile", (13, 9, 0, 8192), (TO_CONSUMER, LOG_FD))
    tape.back("sendfile", 8192)
    tape.thread(8, 8)
    tape.call("recvfrom", (4, 1, 8192, 0), (UNIX,))
    tape.add(SkbTransmit, 8192, 0, INO, 0)


def test_a_buffer_that_leaves_in_the_receivers_context_is_its_senders() -> None:
    (hand_over,) = (one for one in _derive(_late_buffer) if isinstance(one, HandOver))
    assert (hand_over.pid, hand_over.evidence) == (7, Evidence.OBSERVED)


def test_a_call_whose_start_was_not_seen_derives_nothing() -> None:
    assert _derive(lambda tape: tape.back("read", 4096)) == []


def test_a_copy_goes_its_own_way() -> None:
    tape = Tape()
    tape.thread(7, 7)
    tape.call("pread64", (9, 1, 4096, 0), (LOG_FD,))
    tape.add(PageCacheAdd, DEV, INO, 0, 2)
    tape.back("pread64", 4096)
    tape.add(ProcessExit)
    fold = Derivation(CAPABILITIES)
    fold.feed(tape.events[0])
    twin = fold.copy()
    rest = [[one for event in tape.events[1:] for one in each.feed(event)] for each in (fold, twin)]
    assert rest[0] == rest[1]
    assert len(rest[0]) == 2
    assert twin.cache.count(INO, 0, 9, PageState.PREFETCHED) == 1


def test_dma_goes_the_requests_way() -> None:
    (dma,) = _derive(lambda tape: tape.add(BlockIssue, DEV, 8, 8192, "read", INO, 3))
    assert isinstance(dma, Dma)
    assert (dma.source, dma.target, dma.offset) == (Region.DISK, CACHE, 12288)
