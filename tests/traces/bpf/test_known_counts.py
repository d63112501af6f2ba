"""The probe against a program with known counts, and against strace."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.traces.bpf import workload as known
from tests.traces.bpf.recording import (
    Seen,
    record,
    started,
    why_not,
    workload,
)
from traces.event import (
    BlockComplete,
    BlockIssue,
    DirtyFolio,
    FileSeen,
    FileWriteCopy,
    PageCacheAdd,
    PageCacheGet,
    PageFault,
    ProcessExit,
    SkbTransmit,
    SocketReadCopy,
    SyscallEnter,
    TcpSend,
)

pytestmark = [pytest.mark.bcc, pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")]

SENT_BY_REFERENCE = known.SENDFILES * known.CHUNK
SENT_BY_COPY = known.READS * known.CHUNK
Facts = dict[str, int]
BIG = 8 * 1024 * 1024
SEND_ALL = """
import os, socket, sys
file = os.open(sys.argv[1], os.O_RDONLY)
out = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
at, size = 0, os.fstat(file).st_size
while at < size:
    at += os.sendfile(out.fileno(), file, at, size - at)
out.shutdown(socket.SHUT_WR)
out.recv(1)  # the end of it says that all has left
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Facts, Path]:
    """One recording of the workload, two probes watching; the first one's view."""
    folder = tmp_path_factory.mktemp("workload")
    (first, second), output = record(started(2), workload(folder))
    calls = [seen.calls_of_the_program() for seen in (first, second)]
    assert calls[0] == calls[1], "two probes at once see the same"
    return first, json.loads(output), folder


def test_calls_are_counted_exactly(recorded: tuple[Seen, Facts, Path]) -> None:
    """Appends, syncs and fetches on the log file, each as often as it was made; none lost."""
    seen, facts, _ = recorded
    on_log = seen.calls(facts["log"])
    assert on_log["pwrite64"] == known.APPENDS
    assert on_log["fsync"] == known.SYNCS
    assert on_log["sendfile"] == known.SENDFILES
    assert on_log["pread64"] == known.READS
    assert seen.lost == 0


def test_descriptors_are_named_with_their_offsets(recorded: tuple[Seen, Facts, Path]) -> None:
    """Each call knows its file and where in it; a socket knows both its ends."""
    seen, facts, folder = recorded
    calls = seen.of(SyscallEnter)
    for name, count in (("pwrite64", known.APPENDS), ("sendfile", known.SENDFILES)):
        files = [fd for c in calls for fd in c.fds if c.name == name and fd.ino == facts["log"]]
        assert [fd.position for fd in files] == [n * known.CHUNK for n in range(count)]
        assert {fd.dev for fd in files} == {facts["dev"]}
    sockets = {fd.name for c in calls for fd in c.fds if c.name == "sendfile" and fd.fd != 3}
    (name_of_socket,) = {name for name in sockets if name and name.startswith("tcp ")}
    assert name_of_socket.startswith(f"tcp 127.0.0.1:{facts['port']}->127.0.0.1:")
    names = [f.name for f in seen.of(FileSeen, facts["log"])]
    assert names in ([str(folder / "a.log")], ["a.log"])


def test_sendfile_hands_pages_over(recorded: tuple[Seen, Facts, Path]) -> None:
    """Every byte that sendfile sent left on pages of the file, and no TCP send copied it."""
    seen, facts, _ = recorded
    assert seen.returned("sendfile") == SENT_BY_REFERENCE
    of_log = seen.of(SkbTransmit, facts["log"])
    assert sum(skb.file_bytes for skb in of_log) == SENT_BY_REFERENCE
    spliced = [send for send in seen.of(TcpSend) if send.splice]
    assert sum(send.left for send in spliced) >= SENT_BY_REFERENCE
    assert {send.source for send in spliced} == {"pages"}


def test_read_and_send_copies(recorded: tuple[Seen, Facts, Path]) -> None:
    """Every byte that was read and sent left on pages that no file owns."""
    seen, _, _ = recorded
    assert sum(skb.private_bytes for skb in seen.of(SkbTransmit)) == SENT_BY_COPY
    copied = [send for send in seen.of(TcpSend) if not send.splice]
    assert {send.source for send in copied} == {"user"}


def test_copies_are_observed(recorded: tuple[Seen, Facts, Path]) -> None:
    """Bytes copied into the file's pages (on ext4), and out of the sockets."""
    seen, facts, folder = recorded
    received = sum(copy.size for copy in seen.of(SocketReadCopy))
    assert received == SENT_BY_REFERENCE + SENT_BY_COPY
    from_pages = sum(copy.size for copy in seen.of(SocketReadCopy, facts["log"]))
    assert from_pages == SENT_BY_REFERENCE
    if _file_system(folder) == "ext4":
        copies = seen.of(FileWriteCopy, facts["log"])
        assert sum(copy.size for copy in copies) == known.APPENDS * known.CHUNK
        assert min(copy.offset for copy in copies) == 0


def test_first_touches_are_faults(recorded: tuple[Seen, Facts, Path]) -> None:
    """Each first store to a mapped page is one minor write fault on the right page of the file."""
    seen, facts, _ = recorded
    faults = [f for f in seen.of(PageFault, facts["index"]) if f.write]
    assert [f.index for f in faults] == [n * known.STRIDE // 4096 for n in range(known.TOUCHES)]
    assert {(f.severity, f.mode, f.dev) for f in faults} == {("minor", "user", facts["dev"])}


def test_the_page_cache_is_seen(recorded: tuple[Seen, Facts, Path]) -> None:
    """Every page of the log entered the cache once; it was dirtied, and looked up by each read."""
    seen, facts, _ = recorded
    added = sum(add.pages for add in seen.of(PageCacheAdd, facts["log"]))
    assert added >= known.APPENDS * known.CHUNK // 4096
    assert seen.of(DirtyFolio, facts["log"])
    assert len(seen.of(PageCacheGet, facts["log"])) >= known.READS + known.SENDFILES


def test_syncs_reach_the_disk(recorded: tuple[Seen, Facts, Path]) -> None:
    """Fsync wrote at least the bytes appended before it, on behalf of the file; all came back."""
    seen, facts, folder = recorded
    if _file_system(folder) == "tmpfs":
        pytest.skip("tmpfs has no disk")
    written = [issue for issue in seen.of(BlockIssue, facts["log"]) if issue.op == "write"]
    assert sum(issue.size for issue in written) >= known.SYNCS * known.CHUNK
    done = {(end.sector, end.size) for end in seen.of(BlockComplete)}
    assert {(issue.sector, issue.size) for issue in written} <= done
    assert {end.tid for end in seen.of(BlockComplete)} == {0}


def test_the_end_is_seen(recorded: tuple[Seen, Facts, Path]) -> None:
    """The process's end comes with its status, and events come nearly in the order of time."""
    seen, facts, _ = recorded
    (end,) = seen.of(ProcessExit)
    assert (end.pid, end.status) == (facts["pid"], 0)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace to compare with")
def test_strace_counts_the_same(tmp_path: Path) -> None:
    """Every call of the whole program, as often as strace counts it."""
    argv = workload(tmp_path)
    table = tmp_path / "strace.txt"
    for _ in range(2):  # the first run fills what later runs find
        subprocess.run(
            ["strace", "-f", "-o", str(table), *argv],
            input=b"",  # pipes, as under the probe: Python asks them other things than files
            stdout=subprocess.PIPE,
            check=True,
        )
    (seen,), _ = record(started(), argv)
    by_probe = seen.calls_of_the_program()
    by_strace = Counter(line.split()[1].partition("(")[0] for line in _calls_of(table))
    for name in ("pwrite64", "fsync", "sendfile", "pread64", "sendto", "openat", "close", "mmap"):
        assert by_probe[name] == by_strace[name], name
    assert by_probe - by_strace == by_strace - by_probe == Counter()


def test_stop_is_quick_and_repeatable() -> None:
    """The caller waits for no detaching; a stopped probe has nothing more to say."""
    (probe,) = started()
    begin = time.monotonic()
    probe.stop()
    probe.stop()
    assert time.monotonic() - begin < 1.0
    probe.poll()
    assert probe.poll() == []


def test_a_slow_reader_outside_loses_nothing(tmp_path: Path) -> None:
    """Data that waits for a reader's window leaves in the reader's context, and is told as sent."""
    file = tmp_path / "big"
    file.write_bytes(bytes(BIG))
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader = threading.Thread(target=_drain, args=(server,))
        reader.start()
        port = str(server.getsockname()[1])
        argv = [sys.executable, "-I", "-S", "-c", SEND_ALL, str(file), port]
        (seen,), _ = record(started(), argv)
        reader.join()
    assert seen.returned("sendfile") == BIG
    of_file = seen.of(SkbTransmit, file.stat().st_ino)
    assert sum(skb.file_bytes for skb in of_file) >= BIG, "a retransmission counts once more"
    assert sum(skb.private_bytes for skb in of_file) == 0


def _drain(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        while connection.recv(65536):
            pass


def _calls_of(table: Path) -> list[str]:
    lines = table.read_text().splitlines()
    return [line for line in lines if "(" in line and "+++" not in line and "---" not in line]


def _file_system(folder: Path) -> str:
    """The type of the file system that holds ``folder``."""
    argv = ["stat", "-f", "-c", "%T", str(folder)]
    name = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    return "ext4" if name == "ext2/ext3" else name
