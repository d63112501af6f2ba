"""The grammar of strace's lines, variant by variant, and halves put together."""

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.event import FdRef, FileSeen, ObservedEvent, ProcessExit, ProcessSeen
from traces.event import SyscallEnter as Enter
from traces.event import SyscallExit as Exit
from traces.probes.strace.arguments import Descriptor, parse_arguments
from traces.probes.strace.assembler import Assembler
from traces.probes.strace.descriptors import Descriptors
from traces.probes.strace.line_parser import Unparsed, Whole, parse_line

S = 1_000_000_000


def assemble(*lines: str, tgids: dict[int, int] | None = None) -> list[ObservedEvent]:
    known = tgids or {}
    assembler = Assembler(lambda ts: ts, known.get, Descriptors(lambda _path: None))
    events = [event for line in lines for event in assembler.feed(line)]
    assert not assembler.unparsed
    return events


@pytest.mark.parametrize(
    ("text", "values", "descriptors"),
    [
        ("", (), ()),
        ('3</a/b.log>, ""..., 100, 4096', (3, 0, 100, 4096), (Descriptor(3, "/a/b.log"),)),
        (
            "5<TCP:[127.0.0.1:1->127.0.0.1:2]>, 6</a, b>, [0] => [10], 10",
            (5, 6, 0, 10),
            (Descriptor(5, "TCP:[127.0.0.1:1->127.0.0.1:2]"), Descriptor(6, "/a, b")),
        ),
        (
            "4<TCPv6:[[::1]:9->[::1]:8]>, {sa_family=0x2, sin_port=1}, [16], 0x80000",
            (4, 0, 0, 0x80000),
            (Descriptor(4, "TCPv6:[[::1]:9->[::1]:8]"),),
        ),
        ("0</dev/null<char 1:3>>, 0x5401, 0", (0, 0x5401, 0), (Descriptor(0, "/dev/null<char 1:3>"),)),
        ("7</x>(deleted), NULL, 0644", (7, 0, 0o644), (Descriptor(7, "/x", deleted=True),)),
        ('AT_FDCWD</w>, "/a,b", 0x2, 0', (-100, 0, 2, 0), ()),
        ('-100</w>, "/a\\"(,b", 0x2', (-100, 0, 2), ()),
        (
            "[{fd=5<pipe:[12]>, events=1}, {fd=6</y>, events=4}], 2, -1",
            (0, 2, -1),
            (Descriptor(5, "pipe:[12]"), Descriptor(6, "/y")),
        ),
        (
            '9<UNIX-STREAM:[12->13,"/run/x"]>, {msg_iov=[{iov_base=""..., iov_len=5}]}, 0',
            (9, 0, 0),
            (Descriptor(9, 'UNIX-STREAM:[12->13,"/run/x"]'),),
        ),
        ("{flags=0x3d0f00, stack=0x7f} => {parent_tid=[7]}, 88", (0, 88), ()),
    ],
)  # fmt: skip
def test_arguments(text: str, values: tuple[int, ...], descriptors: tuple[Descriptor, ...]) -> None:
    found = parse_arguments(text)
    assert found.values == values
    assert found.descriptors == descriptors


@pytest.mark.parametrize(
    ("end", "ret", "duration"),
    [
        ("= 3</tmp/x> <0.000073>", 3, 73_000),
        ("= 0x7f0000001000 <0.000000012>", 0x7F0000001000, 12),
        ("= 1 (in [3]) <1.5>", 1, 1_500_000_000),
        ("= 0 (Timeout)", 0, None),
        ("= -1 ENOENT (No such file or directory) <0.1>", -1, 100_000_000),
        ("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", None, None),
        ("= ?", None, None),
        ("            = 4<TCP:[1.2.3.4:5->6.7.8.9:1]> <0.000001>", 4, 1000),
        ("= 0x8002 (flags O_RDWR|O_LARGEFILE)", 0x8002, None),
    ],
)
def test_results(end: str, ret: int | None, duration: int | None) -> None:
    line = parse_line(f"12    5.000000001 some_call(1, 2) {end}")
    assert isinstance(line, Whole)
    assert (line.tid, line.ts, line.arguments) == (12, 5 * S + 1, "1, 2")
    assert (line.result.ret, line.result.duration) == (ret, duration)


def test_the_result_is_split_from_the_right() -> None:
    line = parse_line(
        "1 2.000000000 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 24983 <0.1>"
    )
    assert isinstance(line, Whole)
    assert line.result.ret == 24983


def test_a_call_interrupted_by_another_thread_is_one_call() -> None:
    events = assemble(
        "10 1.000000000 read(3</f>,  <unfinished ...>",
        "11 1.000000500 fsync(4</g>) = 0 <0.000001000>",
        '10 1.000003000 <... read resumed>""..., 100) = 60 <0.000002000>',
        tgids={10: 10, 11: 10},
    )  # fmt: skip
    assert events == [
        Enter(S + 500, 10, 11, "fsync", (4,), (FdRef(4, "file", name="/g"),)),
        Exit(S + 1500, 10, 11, "fsync", 0),
        Enter(S, 10, 10, "read", (3, 0, 100), (FdRef(3, "file", name="/f"),)),
        Exit(S + 2000, 10, 10, "read", 60),
    ]


def test_a_call_can_be_interrupted_twice_and_wait() -> None:
    assembler = Assembler(lambda ts: ts, lambda tid: tid, Descriptors(lambda _path: None))
    assert (
        assembler.feed("9 1.000000000 epoll_wait(4<anon_inode:[eventpoll]>,  <unfinished ...>")
        == []
    )
    (early,) = assembler.waiting(2 * S)
    assert isinstance(early, Enter)
    assert (early.name, early.fds[0].kind) == ("epoll_wait", "eventpoll")
    assert assembler.waiting(3 * S) == []
    assert (
        assembler.feed("9 2.000000000 <... epoll_wait resumed>{}, 64, 100 <unfinished ...>") == []
    )
    assert assembler.feed("9 3.000000000 <... epoll_wait resumed>) = 0 <2.000000000>") == [
        Exit(3 * S, 9, 9, "epoll_wait", 0)
    ]


def test_a_line_still_being_written_is_told_once() -> None:
    assembler = Assembler(lambda ts: ts, lambda tid: tid, Descriptors(lambda _path: None))
    half = "9 1.000000000 read(0<pipe:[7]>, "
    assert assembler.waiting(S, half) == []
    told = assembler.waiting(S + 1, half)
    assert [type(event) for event in told] == [FileSeen, Enter]
    assert assembler.waiting(2 * S, half) == []
    assert assembler.feed(half + '""..., 10) = 2 <1.000000000>') == [Exit(2 * S, 9, 9, "read", 2)]


def test_errors_are_minus_errno_and_restarts_are_the_kernels() -> None:
    events = assemble(
        "1 1.000000000 openat(-100, ..., 0) = -1 ENOENT (No such file or directory) <0.1>",
        "1 2.000000000 futex(0x1, 0) = ? ERESTARTSYS (To be restarted) <0.1>",
        "1 3.000000000 exit_group(0) = ?",
    )
    assert [event.ret for event in events if isinstance(event, Exit)] == [-errno.ENOENT, -512]
    assert len([event for event in events if isinstance(event, Enter)]) == 3


@pytest.mark.parametrize("offsets", ["[0] => [10000]", "[0 => 10000]"])
def test_offsets_of_sendfile_and_pwrite(offsets: str) -> None:
    (send, _, write, _) = assemble(
        f"1 1.000000000 sendfile(5<TCP:[1]>, 6</seg.log>, {offsets}, 10000) = 10000 <0.000073>",
        '1 2.000000000 pwrite64(6</seg.log>, ""..., 10, 8192) = 10 <0.000073>',
    )[-4:]
    assert isinstance(send, Enter)
    assert isinstance(write, Enter)
    assert [ref.position for ref in send.fds] == [None, 0]
    assert [ref.position for ref in write.fds] == [8192]


def test_the_place_of_a_sequential_call_is_followed() -> None:
    events = assemble(
        '1 1.000000000 write(7</old>, ""..., 5) = 5 <0.1>',
        '1 2.000000000 openat(-100</>, "/f", 0x2, 0) = 7</f> <0.1>',
        '1 3.000000000 write(7</f>, ""..., 100) = 60 <0.1>',
        '1 4.000000000 read(7</f>, ""..., 40) = 40 <0.1>',
        "1 5.000000000 lseek(7</f>, 0, 0x2) = 1000 <0.1>",
        '1 6.000000000 write(7</f>, ""..., 1) = -1 ENOSPC (No space left on device) <0.1>',
        '1 7.000000000 write(7</f>, ""..., 1) = 1 <0.1>',
        "1 8.000000000 close(7</f>) = 0 <0.1>",
        '1 9.000000000 openat(-100</>, "/f", 0x401, 0) = 7</f> <0.1>',
        '1 10.000000000 write(7</f>, ""..., 1) = 1 <0.1>',
    )
    places = [
        event.fds[0].position
        for event in events
        if isinstance(event, Enter) and event.name in ("read", "write")
    ]
    assert places == [None, 0, 60, 1000, 1000, None]


def test_threads_and_processes_are_told_apart() -> None:
    events = assemble(
        "7 1.000000000 clone3({flags=0x3d0f00, exit_signal=0} => {parent_tid=[8]}, 88) = 8 <0.1>",
        "7 2.000000000 clone(child_stack=NULL, flags=0x1200000|17, child_tidptr=0x7f) = 9 <0.1>",
        "8 3.000000000 getpid() = 7 <0.1>",
        "9 4.000000000 getpid() = 9 <0.1>",
        "9 5.000000000 +++ exited with 3 +++",
        "8 6.000000000 +++ exited with 0 +++",
        "7 7.000000000 +++ killed by SIGKILL +++",
        tgids={7: 7},
    )
    assert {(e.tid, e.pid) for e in events if isinstance(e, Enter)} == {(7, 7), (8, 7), (9, 9)}
    assert [(e.pid, e.parent) for e in events if isinstance(e, ProcessSeen)] == [(9, 7)]
    assert [(e.pid, e.status) for e in events if isinstance(e, ProcessExit)] == [(9, 3), (7, -9)]


def test_a_thread_seen_before_its_clone_returned() -> None:
    events = assemble(
        "7 1.000000000 getpid() = 7 <0.1>",
        "7 2.000000000 clone3({flags=0x3d0f00, exit_signal=0}, 88 <unfinished ...>",
        "8 2.500000000 rseq(0x1, 0x20) = 0 <0.1>",
        "7 3.000000000 <... clone3 resumed>) = 8 <0.1>",
        tgids={7: 7},
    )
    assert {(e.tid, e.pid) for e in events if isinstance(e, Enter)} == {(7, 7), (8, 7)}


@pytest.mark.parametrize(
    "line",
    [
        "strace: Process 12 attached",
        "",
        "12 1.000000000 ???",
        "12 1.000000000 <... read",
        "12 1.000000000 read(3, 4) = what",
    ],
)
def test_other_lines_are_counted_by_reason(line: str) -> None:
    assembler = Assembler(lambda ts: ts)
    assert assembler.feed(line) == []
    assert sum(assembler.unparsed.values()) == 1


def test_signals_are_not_errors() -> None:
    assert assemble("1 1.000000000 --- SIGCHLD {si_signo=17, si_pid=7959} ---") == []
    assert assemble("1 1.000000000 +++ superseded by execve in pid 9 +++") == []


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    assembler = Assembler(lambda ts: ts, lambda _tid: None, Descriptors(lambda _path: None))
    assembler.feed(text)
    assembler.feed(f"1 1.000000000 {text}")
    assembler.feed(f"1 1.000000000 read({text}) = 0 <0.1>")
    assembler.waiting(1 << 62, f"1 1.000000000 {text}")
    assert isinstance(parse_line("x" + text), Unparsed)


def test_files_are_named_once_by_device_and_number(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x")
    assembler = Assembler(lambda ts: ts)
    lines = [f"1 {n}.000000000 fsync(3<{path}>) = 0 <0.1>" for n in (1, 2)]
    seen = [e for line in lines for e in assembler.feed(line) if isinstance(e, FileSeen)]
    stat = path.stat()
    assert [(e.dev, e.ino, e.name) for e in seen] == [(stat.st_dev, stat.st_ino, str(path))]
