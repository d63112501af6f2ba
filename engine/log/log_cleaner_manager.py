"""Which log is to be compacted next, up to where each one is clean, and who works on which.

The clean ends stand in ``cleaner-offset-checkpoint``, a file like the other checkpoints. It is
written after the segments have been replaced: a kill in between only repeats a compaction.

System calls: those of the checkpoint.

Kafka: kafka.log.LogCleanerManager
"""

import logging
import threading
from collections.abc import Callable, Sequence

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.log_cleaning_aborted_exception import LogCleaningAbortedException
from engine.log.log_cleaning_state import VALID_PREVIOUS, LogCleaningState
from engine.log.log_to_clean import LogToClean
from engine.log.offset_checkpoint_file import OffsetCheckpointFile
from engine.log.unified_log import UnifiedLog

_logger = logging.getLogger(__name__)

OFFSET_CHECKPOINT_FILE = "cleaner-offset-checkpoint"


class LogCleanerManager:
    """``logs`` gives the logs there are now; safe to call from any thread."""

    def __init__(self, log_dir: str, logs: Callable[[], Sequence[UnifiedLog]]) -> None:
        self._logs = logs
        self._checkpoint = OffsetCheckpointFile(f"{log_dir}/{OFFSET_CHECKPOINT_FILE}")
        self._states: dict[TopicPartition, LogCleaningState] = {}
        self._uncleanable: set[TopicPartition] = set()
        self._condition = threading.Condition()

    def state(self, partition: TopicPartition) -> LogCleaningState:
        """What the cleaner is doing with a partition."""
        with self._condition:
            return self._states.get(partition, LogCleaningState.NONE)

    def all_cleaner_checkpoints(self) -> dict[TopicPartition, int]:
        """The first dirty offset of each log that has been compacted."""
        with self._condition:
            return self._checkpoint.read()

    def grab_filthiest_compacted_log(self, now_ms: int) -> LogToClean | None:
        """The log with the largest part dirty, if that is enough, put in progress."""
        checkpoints = self.all_cleaner_checkpoints()
        candidates = []
        for log in self._logs():
            partition = log.topic_partition
            free = self.state(partition) is LogCleaningState.NONE
            if log.config.compact and free and partition not in self._uncleanable:
                candidates.append(log_to_clean(log, checkpoints.get(partition), now_ms))
        dirty = [
            each
            for each in candidates
            if each.cleanable_bytes
            and (
                each.need_compaction_now
                or each.cleanable_ratio > each.log.config.min_cleanable_dirty_ratio
            )
        ]
        if not dirty:
            return None
        filthiest = max(dirty, key=lambda each: each.cleanable_ratio)
        return filthiest if self.try_begin(filthiest.log) else None

    def try_begin(self, log: UnifiedLog) -> bool:
        """Puts a log in progress; False if another works on it or it has just gone."""
        partition = log.topic_partition
        with self._condition:
            if self.state(partition) is not LogCleaningState.NONE:
                return False
            self._enter(partition, LogCleaningState.IN_PROGRESS)
        if log in self._logs():
            return True
        self.done(partition)
        return False

    def done_cleaning(self, partition: TopicPartition, end_offset: int) -> None:
        """Writes down that a log is clean up to an offset, and lets go of it."""
        with self._condition:
            if self.state(partition) is LogCleaningState.IN_PROGRESS:
                self._checkpoint.write(self._checkpoint.read() | {partition: end_offset})
        self.done(partition)

    def done(self, partition: TopicPartition) -> None:
        """Lets go of a log; who waits for that goes on."""
        with self._condition:
            if self.state(partition) is LogCleaningState.ABORTED:
                self._enter(partition, LogCleaningState.PAUSED)
            else:
                self._enter(partition, LogCleaningState.NONE)
            self._condition.notify_all()

    def check_cleaning_aborted(self, partition: TopicPartition) -> None:
        """LogCleaningAbortedException if someone wants the cleaner to let go."""
        # A read of one entry of a dict needs no lock.
        if self._states.get(partition) is LogCleaningState.ABORTED:
            raise LogCleaningAbortedException(f"The compaction of {partition} was stopped.")

    def abort_and_pause_cleaning(self, partition: TopicPartition) -> None:
        """Returns when nobody works on a log, and keeps it so until ``resume_cleaning``."""
        with self._condition:
            if self.state(partition) is LogCleaningState.NONE:
                self._enter(partition, LogCleaningState.PAUSED)
            elif self.state(partition) is LogCleaningState.IN_PROGRESS:
                self._enter(partition, LogCleaningState.ABORTED)
            while self.state(partition) is not LogCleaningState.PAUSED:
                self._condition.wait()

    def resume_cleaning(self, partition: TopicPartition) -> None:
        """Lets the cleaner have a paused log again."""
        with self._condition:
            self._enter(partition, LogCleaningState.NONE)

    def forget(self, partition: TopicPartition) -> None:
        """Drops what is known of a log that is gone."""
        with self._condition:
            self._uncleanable.discard(partition)
            offsets = self._checkpoint.read()
            if offsets.pop(partition, None) is not None:
                self._checkpoint.write(offsets)

    def mark_partition_uncleanable(self, partition: TopicPartition) -> None:
        """Leaves a log alone until the next start."""
        with self._condition:
            self._uncleanable.add(partition)

    def _enter(self, partition: TopicPartition, state: LogCleaningState) -> None:
        present = self.state(partition)
        if present not in VALID_PREVIOUS[state]:
            raise KafkaStorageException(
                f"The cleaning of {partition} cannot go from {present.value} to {state.value}."
            )
        if state is LogCleaningState.NONE:
            del self._states[partition]
        else:
            self._states[partition] = state


def log_to_clean(log: UnifiedLog, checkpoint: int | None, now_ms: int) -> LogToClean:
    """A log with its first dirty and first uncleanable offsets.

    Uncleanable are the active segment, segments with undecided transactions, and segments with a
    record younger than ``min.compaction.lag.ms``. With a dirty record older than
    ``max.compaction.lag.ms`` the log is to be compacted whatever its ratio.
    """
    start, end = log.log_start_offset, log.log_end_offset
    first_dirty = start if checkpoint is None else checkpoint
    if not start <= first_dirty <= end:
        if first_dirty > end:
            _logger.warning(
                "The cleaner's checkpoint of %s is %d, behind its end %d; all of it counts as dirty.",
                log.topic_partition,
                first_dirty,
                end,
            )
        first_dirty = start
    bounds = [log.last_stable_offset, log.active_segment.base_offset]
    lag = log.config.min_compaction_lag_ms
    inactive = [s for s in log.segments[:-1] if s.base_offset >= first_dirty]
    if lag > 0:
        young = (s.base_offset for s in inactive if s.largest_timestamp > now_ms - lag)
        bounds.append(next(young, bounds[-1]))
    oldest_allowed = now_ms - max(log.config.max_compaction_lag_ms, lag)
    first_timestamps = (segment.first_batch_timestamp for segment in inactive)
    earliest = min((stamp for stamp in first_timestamps if stamp > 0), default=now_ms)
    return LogToClean(log, first_dirty, min(bounds), need_compaction_now=earliest < oldest_allowed)
