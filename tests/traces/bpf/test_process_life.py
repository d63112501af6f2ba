"""What surrounds a recording: processes born and gone, rights, mounts, and sudden ends."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.traces.bpf.recording import Seen, record, started, why_not
from traces.event import Lost, ProcessExit, ProcessSeen, SyscallEnter, SyscallExit
from traces.probes.base import ProbeError, Unavailable
from traces.probes.bpf.bpf_probe import BpfProbe
from traces.probes.bpf.tracefs import mount_privately

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 30
needs_bpf = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to begin with")

AS_NOBODY = """
import json, os
from traces.probes.bpf.bpf_probe import BpfProbe
os.setgid(65534), os.setuid(65534)
answer = BpfProbe().availability()
print(json.dumps([type(answer).__name__, answer.reason, answer.remedy]))
"""

ORPHAN = """
import sys
from traces.probes.bpf.bpf_probe import BpfProbe
probe = BpfProbe()
probe.start()
print("ready", flush=True)
sys.stdin.read()
"""

FAMILY = """
import os, sys
child = os.fork()
if not child:
    grandchild = os.fork()
    if not grandchild:
        os._exit(5)
    os.waitpid(grandchild, 0)
    os.execv("/bin/sh", ["/bin/sh", "-c", "kill -9 $$"])
os.waitpid(child, 0)
print(child)
"""

NAMESPACE = """
import json
from tests.traces.bpf.recording import record, started
from traces.event import ProcessExit, ProcessSeen
(seen,), output = record(started(), ARGV)
ends = [(end.pid, end.status) for end in seen.of(ProcessExit)]
parents = []
for birth in seen.of(ProcessSeen):
    if birth.parent not in parents:
        parents.append(birth.parent)
print(json.dumps({"output": int(output), "ends": ends, "parents": parents}))
"""

BURST = """
import os, sys
print("ready", flush=True)
sys.stdin.readline()
for _ in range(110_000):
    os.getppid()
print("done", flush=True)
sys.stdin.readline()
os.getpgid(0)
"""


def python(code: str) -> list[str]:
    """The command that runs ``code`` with this project to import from."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]


@pytest.mark.root
@needs_root
def test_a_plain_user_is_told_what_to_do() -> None:
    """Without rights the answer is a reason and a command, not an exception."""
    done = subprocess.run(python(AS_NOBODY), capture_output=True, text=True, check=True)
    kind, reason, remedy = json.loads(done.stdout)
    assert kind == "Unavailable"
    assert reason.endswith(".")
    assert "sudo" in remedy or "Linux" in remedy or "kernel" in remedy


def test_availability_is_quick() -> None:
    """Looking costs little, whatever the answer: it is asked each time a command starts."""
    probe = BpfProbe()
    begin = time.monotonic()
    answer = probe.availability()
    assert time.monotonic() - begin < 0.5
    if isinstance(answer, Unavailable):
        assert answer.reason
        assert answer.remedy


def test_watching_needs_a_started_probe() -> None:
    """Misuse is one sentence."""
    with pytest.raises(ProbeError, match=r"before start"):
        BpfProbe().watch(1)


@pytest.mark.bcc
@needs_bpf
def test_children_are_followed() -> None:
    """Child and grandchild are watched from birth; exit status and signal are told."""
    (seen,), output = record(started(), [sys.executable, "-I", "-S", "-c", FAMILY])
    child = int(output)
    births = seen.of(ProcessSeen)
    assert {birth.pid for birth in births if birth.parent != child} >= {child}
    (grandchild,) = {birth.pid for birth in births if birth.parent == child} - {child}
    ends = {end.pid: end.status for end in seen.of(ProcessExit)}
    assert ends[grandchild] == 5
    assert ends[child] == -9
    assert seen.calls()["fork"] + seen.calls()["clone"] == 2


@pytest.mark.bcc
@needs_bpf
@needs_root
def test_inside_a_pid_namespace_its_own_numbers_count() -> None:
    """In a container processes are watched, followed and told by the container's numbers."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no pid namespaces here")
    argv = [sys.executable, "-I", "-S", "-c", FAMILY]
    code = NAMESPACE.replace("ARGV", repr(argv))
    done = subprocess.run([*inside, *python(code)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["output"] == told["ends"][1][0]
    assert [status for _, status in told["ends"]] == [5, -9, 0]
    assert all(pid < 100 for pid, _ in told["ends"]), "numbers start anew in a namespace"
    assert told["parents"] == [told["ends"][2][0], told["ends"][1][0]]


@pytest.mark.bcc
@needs_bpf
def test_nothing_outlives_a_killed_recorder() -> None:
    """Kill -9 on the recorder: its worker leaves by itself, and takes the programs along."""
    with subprocess.Popen(
        python(ORPHAN), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "ready\n"
        children = Path(f"/proc/{recorder.pid}/task/{recorder.pid}/children")
        (worker,) = (int(word) for word in children.read_text().split())
        recorder.kill()
    end = time.monotonic() + PATIENCE_SECONDS
    while _runs(worker):
        assert time.monotonic() < end, "the worker has outlived its recorder"
        time.sleep(0.02)


@pytest.mark.bcc
@needs_bpf
def test_losses_are_counted_and_placed() -> None:
    """A burst that no one reads overflows the ring: what is missing is known to the record."""
    (probe,) = started()
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", BURST], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        probe.watch(child.pid)
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"done\n"
        probe.poll()
        between = time.monotonic_ns()
        child.stdin.write(b"\n")
        child.stdin.close()
        child.wait()
    probe.stop()
    seen = Seen(probe.poll(), probe.lost())
    gaps = seen.of(Lost)
    assert seen.lost == sum(gap.count for gap in gaps) > 0
    calls = [e for e in seen.events if isinstance(e, SyscallEnter | SyscallExit)]
    early = [e for e in calls if e.ts < between]
    assert {call.name for call in calls if call.ts > between} >= {"getpgid", "exit_group"}
    assert gaps[0].ts >= between > early[-1].ts, "the gap is told at the first record after it"


@pytest.mark.bcc
@needs_bpf
@needs_root
def test_a_machine_without_tracefs_works_all_the_same() -> None:
    """Root's worker mounts tracefs for itself, and the probe sees what it sees elsewhere."""
    hidden = ["unshare", "-m", "sh", "-c", 'umount -l /sys/kernel/tracing; exec "$@"', "sh"]
    if subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here, or no tracefs to hide")
    code = NAMESPACE.replace("ARGV", repr([sys.executable, "-I", "-S", "-c", FAMILY]))
    done = subprocess.run([*hidden, *python(code)], capture_output=True, text=True, check=True)
    assert [status for _, status in json.loads(done.stdout)["ends"]] == [5, -9, 0]


@pytest.mark.bcc
@needs_bpf
def test_a_dead_worker_is_one_sentence() -> None:
    """If the worker dies, watching says so, and stopping still works."""
    (probe,) = started()
    assert probe.worker_pid is not None
    os.kill(probe.worker_pid, 9)
    end = time.monotonic() + PATIENCE_SECONDS
    while _runs(probe.worker_pid) and time.monotonic() < end:
        time.sleep(0.02)
    with pytest.raises(ProbeError, match=r"has ended; start the recording again"):
        probe.watch(os.getpid())
    probe.stop()
    assert probe.poll() == []


@pytest.mark.root
@needs_root
def test_tracefs_is_mounted_for_oneself_only() -> None:
    """In a place without tracefs the private mount makes it readable, for that process alone."""
    code = f"import {mount_privately.__module__} as t; t.mount_privately(); print(bool(t.Tracefs.find()))"
    hidden = ["unshare", "-m", "sh", "-c", 'umount -l /sys/kernel/tracing; exec "$@"', "sh"]
    before = Path("/proc/self/mounts").read_text()
    done = subprocess.run([*hidden, *python(code)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
    assert done.stdout.strip() == "True"
    assert Path("/proc/self/mounts").read_text() == before


def _runs(pid: int) -> bool:
    """Whether a process still runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
