"""The thread that compacts logs, one after the other, the filthiest first.

Logs that are compacted and also deleted from (``cleanup.policy=compact,delete``) are looked after
here, too, so that never two work on the same segments. Kafka can run several of these threads and
slow them down (``log.cleaner.io.max.bytes.per.second``); here there is one, at full speed.

System calls: Cleaner's; ``futex`` while there is nothing to do.

Kafka: kafka.log.LogCleaner
"""

import logging
import threading
from collections.abc import Callable, Sequence

from engine.common.errors import ApiException
from engine.common.system_time import SystemTime
from engine.common.topic_partition import TopicPartition
from engine.log.cleaner import Cleaner
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_cleaner_manager import LogCleanerManager
from engine.log.log_cleaning_aborted_exception import LogCleaningAbortedException
from engine.log.log_to_clean import LogToClean
from engine.log.unified_log import UnifiedLog

_logger = logging.getLogger(__name__)

THREAD_NAME = "kafka-log-cleaner-thread-0"


class LogCleaner:
    """Works between ``startup`` and ``shutdown``; ``try_clean_filthiest_log`` works without both."""

    def __init__(
        self,
        config: CleanerConfig,
        log_dir: str,
        logs: Callable[[], Sequence[UnifiedLog]],
        time: SystemTime | None = None,
    ) -> None:
        self.manager = LogCleanerManager(log_dir, logs)
        self._config = config
        self._logs = logs
        self._time = time or SystemTime()
        self._cleaner = Cleaner(config, self._check_done)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def startup(self) -> None:
        """Starts the thread, unless ``shutdown`` came first: a scheduler may call this late."""
        with self._starting:
            if not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
                self._thread.start()

    def shutdown(self) -> None:
        """Stops before the next batch; what is unfinished is done over after the next start."""
        self._stop.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            thread.join()

    def try_clean_filthiest_log(self) -> bool:
        """Compacts one log, if one is dirty enough, and deletes old segments; whether it did."""
        cleaned = self._clean_filthiest_log()
        for log in self._logs():
            if log.config.compact and self.manager.try_begin(log):
                try:
                    self._guarded(log, log.delete_old_segments)
                finally:
                    self.manager.done(log.topic_partition)
        return cleaned

    def abort_cleaning(self, partition: TopicPartition) -> None:
        """Returns when the cleaner has let go of a log that is gone from ``logs``."""
        self.manager.abort_and_pause_cleaning(partition)
        self.manager.resume_cleaning(partition)
        self.manager.forget(partition)

    def _clean_filthiest_log(self) -> bool:
        cleanable = self.manager.grab_filthiest_compacted_log(self._time.milliseconds())
        if cleanable is None:
            return False
        partition = cleanable.log.topic_partition
        ended = False
        try:
            ended = self._guarded(cleanable.log, lambda: self._clean(cleanable))
        finally:
            if not ended:
                self.manager.done(partition)
        return ended

    def _clean(self, cleanable: LogToClean) -> None:
        log = cleanable.log
        end, stats = self._cleaner.clean(cleanable, self._time.milliseconds())
        self.manager.done_cleaning(log.topic_partition, end)
        _logger.info(
            "Compacted %s from offset %d to %d: %d of %d records and %d of %d bytes stay.",
            log.topic_partition,
            cleanable.first_dirty_offset,
            end,
            stats.messages_kept,
            stats.messages_read,
            stats.bytes_written,
            stats.bytes_read,
        )

    def _guarded(self, log: UnifiedLog, work: Callable[[], object]) -> bool:
        try:
            work()
        except LogCleaningAbortedException as stop:
            _logger.info("%s", stop)
        except (ApiException, OSError) as refusal:
            self.manager.mark_partition_uncleanable(log.topic_partition)
            _logger.warning(
                "%s is not compacted until the next start: %s", log.topic_partition, refusal
            )
        else:
            return True
        return False

    def _check_done(self, partition: TopicPartition) -> None:
        if self._stop.is_set():
            raise LogCleaningAbortedException(
                f"The compaction of {partition} ends with the broker."
            )
        self.manager.check_cleaning_aborted(partition)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                cleaned = self.try_clean_filthiest_log()
            except Exception:
                cleaned = False
                _logger.exception("The log cleaner failed and goes on.")
            if not cleaned:
                self._stop.wait(self._config.backoff_ms / 1000)
