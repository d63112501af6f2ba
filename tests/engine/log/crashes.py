"""Kills the crash writer again and again and looks at what it leaves.

A killed process loses nothing that the kernel has taken, a machine that loses its power does. So
after every third kill what was not reported as flushed is damaged: cut, or overwritten, and the
indexes with it.
"""

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from engine.common.topic_partition import TopicPartition
from engine.log.log_manager import RECOVERY_POINT_CHECKPOINT_FILE, LogManager
from engine.log.offset_checkpoint_file import OffsetCheckpointFile
from engine.log.unified_log import UnifiedLog
from tests.engine.log.crash_writer import AGED, CONFIGS, KEPT, KEYS, STATE

ROOT = Path(__file__).parents[3]
_LEFTOVERS = {".cleaned", ".swap", ".deleted", ".tmp"}


class Life:
    """One data directory from its first kill to its last; ``counts`` says what was met."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.data = directory / "data"
        self._copy = directory / "copy"
        self._chance = random.Random(seed)
        self._appended = {partition.topic: 0 for partition in CONFIGS}
        self._flushed: tuple[int, int, int] = (0, 0, 0)
        self.counts: Counter[str] = Counter()

    def kill(self) -> None:
        """One writer, from its start to its end."""
        by_itself = self._chance.random() < 0.6
        call = int(2 ** self._chance.uniform(0, 10)) if by_itself else 0
        lines = self._chance.randrange(0, 400)
        seed = self._chance.randrange(1 << 30)
        command = [sys.executable, "-m", "tests.engine.log.crash_writer"]
        with subprocess.Popen(
            [*command, str(self.data), str(seed), str(call)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            said = []
            if not call:
                said = [process.stdout.readline() for _ in range(lines)]
                time.sleep(self._chance.random() / 500)
                process.kill()
            said += process.stdout.readlines()
            complaint = process.stderr.read().decode()
        assert process.returncode == -signal.SIGKILL, complaint
        self.counts["kills at a call" if call else "kills at any instruction"] += 1
        for line in said:
            self._note(line.decode())

    def damage(self) -> None:
        """What a loss of power may do to the partition ``kept``: nothing unflushed is sure."""
        offset, base, size = self._flushed
        directory = self.data / str(KEPT)
        points = OffsetCheckpointFile(f"{self.data}/{RECOVERY_POINT_CHECKPOINT_FILE}").read()
        clean = (self.data / ".kafka_cleanshutdown").exists()
        if clean or not directory.exists() or points.get(KEPT, 0) > offset:
            return
        for path in sorted(directory.glob("*.log")):
            if int(path.stem) < base:
                continue
            floor = size if int(path.stem) == base else 0
            self._ruin(path, floor)
            for suffix in (".index", ".timeindex"):
                if path.with_suffix(suffix).exists():
                    self._ruin(path.with_suffix(suffix), 0)
        self._appended[KEPT.topic] = offset
        self.counts["losses of power"] += 1

    def check(self) -> None:
        """Opens a copy, so that the next writer starts on what the kill left."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self.data, self._copy)
        manager = LogManager(str(self._copy))
        manager.startup()
        try:
            for partition in CONFIGS:
                log = manager.get_log(partition)
                assert log is not None or not self._appended[partition.topic]
                if log is not None:
                    self._check_log(partition, log)
        finally:
            manager.shutdown()

    def _note(self, line: str) -> None:
        # Several threads may die while one is writing a line: only whole ones count.
        words = line.split()
        if not line.endswith("\n"):
            return
        topic, offset = words[1], int(words[2])
        self._appended[topic] = max(self._appended[topic], offset)
        self.counts["appends" if words[0] == "a" else "flushes"] += 1
        if words[0] == "f" and topic == KEPT.topic:
            self._flushed = max(self._flushed, (offset, int(words[3]), int(words[4])))

    def _ruin(self, path: Path, floor: int) -> None:
        """Cuts or overwrites a file at a random place behind its first ``floor`` bytes."""
        size = path.stat().st_size
        if size <= floor:
            return
        place = self._chance.randrange(floor, size)
        with path.open("r+b") as file:
            if self._chance.random() < 0.5:
                file.truncate(place)
            else:
                file.seek(place)
                file.write(bytes(min(size - place, 512)))

    def _check_log(self, partition: TopicPartition, log: UnifiedLog) -> None:
        assert log.log_end_offset >= self._appended[partition.topic], partition
        self._appended[partition.topic] = log.log_end_offset
        due = log.segments[0].base_offset
        last_of_key: dict[int, int] = {}
        for offset, value in _records(log):
            assert value == b"value %d" % offset
            assert offset == due if partition != STATE else offset >= due, (partition, offset, due)
            last_of_key[offset % KEYS] = offset
            due = offset + 1
        assert due == log.log_end_offset
        self.counts["records seen"] += due - log.segments[0].base_offset
        if partition == STATE:
            for offset in range(max(0, due - KEYS), due):
                assert last_of_key[offset % KEYS] == offset
        elif partition == AGED:
            assert log.size < 3 * 6000 + 40_000
        left = _LEFTOVERS & {path.suffix for path in Path(log.directory).iterdir()}
        assert not left, left


def _records(log: UnifiedLog) -> Iterator[tuple[int, bytes]]:
    """Every record; each batch is checked, and found by the index where it stands."""
    for segment in log.segments:
        for lazy in segment.log.batches():
            batch = lazy.full_batch
            batch.ensure_valid()
            found = segment.translate_offset(batch.last_offset)
            assert found is not None
            assert found.position == lazy.position
            for record in batch:
                yield record.offset, bytes(record.value or b"")


def campaign(directory: Path, seed: int, kills: int) -> Counter[str]:
    """One life of so many kills; what was met. An AssertionError names the seed and the kill."""
    life = Life(directory, seed)
    for number in range(kills):
        try:
            life.kill()
            if number % 3 == 2:
                life.damage()
            life.check()
        except AssertionError as failure:
            with contextlib.suppress(OSError):
                shutil.copytree(life.data, directory / "as-left", dirs_exist_ok=True)
            raise AssertionError(f"seed {seed}, kill {number}: {failure}") from failure
    return life.counts
