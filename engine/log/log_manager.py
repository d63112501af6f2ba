"""All logs of a data directory, from start to stop.

::

    startup   lock -> clean mark there? -> meta.properties -> load every log, recover if no mark
    meanwhile, by the scheduler: retention, flushing by time, checkpoints of offsets
    shutdown  flush and close every log -> checkpoints -> clean mark -> unlock

System calls: ``fcntl(F_SETLK)`` on ``.lock``; ``getdents64``; UnifiedLog's; the checkpoints'.

Kafka: kafka.log.LogManager
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

from engine.common.errors import KafkaStorageException
from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.system_time import SystemTime
from engine.common.topic_partition import TopicPartition
from engine.log.clean_shutdown_file_handler import CleanShutdownFileHandler
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_cleaner import LogCleaner
from engine.log.log_config import LogConfig
from engine.log.log_file_utils import DELETE_DIR_SUFFIX, parse_topic_partition
from engine.log.meta_properties import MetaProperties
from engine.log.offset_checkpoint_file import OffsetCheckpointFile
from engine.log.server_log_configs import ServerLogConfigs
from engine.log.unified_log import UnifiedLog
from engine.nio import files
from engine.nio.file_lock import FileLock

_logger = logging.getLogger(__name__)

LOCK_FILE = ".lock"
RECOVERY_POINT_CHECKPOINT_FILE = "recovery-point-offset-checkpoint"
LOG_START_OFFSET_CHECKPOINT_FILE = "log-start-offset-checkpoint"
HIGH_WATERMARK_FILE = "replication-offset-checkpoint"


class LogManager:
    """Owns a data directory between ``startup`` and ``shutdown``."""

    def __init__(
        self,
        log_dir: str,
        config: LogConfig | None = None,
        *,
        broker_id: int = 0,
        tasks: ServerLogConfigs | None = None,
        scheduler: KafkaScheduler | None = None,
        cleaner_config: CleanerConfig | None = None,
    ) -> None:
        """``scheduler`` runs the periodic ``tasks``; without one they happen when they are called.

        With a ``cleaner_config`` that enables it, compacted logs are compacted by a thread.
        """
        self.log_dir = log_dir.rstrip("/") or "/"
        self.config = config or LogConfig()
        self.broker_id = broker_id
        self.cluster_id = ""
        self._tasks = tasks or ServerLogConfigs()
        self._scheduler = scheduler
        self.cleaner: LogCleaner | None = None
        if cleaner_config is not None and cleaner_config.enable_cleaner:
            time = None if scheduler is None else scheduler.time
            self.cleaner = LogCleaner(cleaner_config, self.log_dir, self._online_logs, time)
        self._logs: dict[TopicPartition, UnifiedLog] = {}
        self._lock = threading.RLock()
        self._file_lock: FileLock | None = None
        self._clean_shutdown = CleanShutdownFileHandler(self.log_dir)
        self._recovery_points = OffsetCheckpointFile(
            f"{self.log_dir}/{RECOVERY_POINT_CHECKPOINT_FILE}"
        )
        self._log_starts = OffsetCheckpointFile(
            f"{self.log_dir}/{LOG_START_OFFSET_CHECKPOINT_FILE}"
        )
        self._high_watermarks = OffsetCheckpointFile(f"{self.log_dir}/{HIGH_WATERMARK_FILE}")

    def startup(self) -> None:
        """Takes the directory and loads its logs.

        KafkaStorageException, one sentence, if another broker holds it, if it belongs to a broker
        of another number, or if it cannot be used at all.
        """
        try:
            files.create_directories(self.log_dir)
            self._file_lock = FileLock.try_lock(f"{self.log_dir}/{LOCK_FILE}")
        except OSError as refusal:
            raise KafkaStorageException(
                f"Cannot use the data directory {self.log_dir}: {refusal.strerror}."
            ) from refusal
        if self._file_lock is None:
            raise KafkaStorageException(
                f"The data directory {self.log_dir} is held by another broker; "
                "stop that one or choose another directory."
            )
        try:
            self._load()
        except BaseException:
            self._close_logs()
            self._file_lock.release()
            raise
        self._schedule_tasks()
        if self.cleaner is None:
            return
        if self._scheduler is None:
            self.cleaner.startup()
        else:
            # Not before the scheduler runs: till then the logs have the broker's settings, and a
            # topic's own may say that it is not to be compacted.
            self._scheduler.schedule_once("kafka-log-cleaner", self.cleaner.startup)

    def shutdown(self) -> None:
        """Flushes and closes all logs, writes checkpoints and the clean mark, lets go."""
        if self.cleaner is not None:
            self.cleaner.shutdown()
        with self._lock:
            if self._file_lock is None:
                return
            try:
                for log in self._online_logs():
                    with _naming(log, "flush"):
                        log.flush()
                self.checkpoint()
                self._close_logs()
                # Without the mark the next start checks what the device may have lost.
                if not any(log.failures.is_offline for log in self._logs.values()):
                    self._clean_shutdown.write()
            except OSError as refusal:
                raise KafkaStorageException(
                    f"The logs in {self.log_dir} could not be closed in order "
                    f"({refusal.strerror}); they will be checked at the next start."
                ) from refusal
            finally:
                self._file_lock.release()
                self._file_lock = None

    def get_log(self, topic_partition: TopicPartition) -> UnifiedLog | None:
        """The log of a partition, None if there is none."""
        return self._logs.get(topic_partition)

    def get_or_create_log(
        self, topic_partition: TopicPartition, config: LogConfig | None = None
    ) -> UnifiedLog:
        """The log of a partition, created empty if there is none; KafkaStorageException if it fails."""
        with self._lock:
            log = self._logs.get(topic_partition)
            if log is None:
                try:
                    log = UnifiedLog(
                        self._directory(topic_partition), topic_partition, config or self.config
                    )
                except OSError as refusal:
                    raise KafkaStorageException(
                        f"Cannot create the log {topic_partition}: {refusal.strerror}."
                    ) from refusal
                self._logs[topic_partition] = self._adopted(log)
            return log

    def all_logs(self) -> tuple[UnifiedLog, ...]:
        """Every log, in no particular order."""
        with self._lock:
            return tuple(self._logs.values())

    def delete_log(self, topic_partition: TopicPartition) -> bool:
        """Removes a partition's log; whether there was one.

        The directory is renamed first, so that a stop in between leaves no half of a log.
        """
        with self._lock:
            log = self._logs.pop(topic_partition, None)
            if log is None:
                return False
            if self.cleaner is not None:
                self.cleaner.abort_cleaning(topic_partition)
            doomed = f"{self.log_dir}/{topic_partition}.{uuid4().hex}{DELETE_DIR_SUFFIX}"
            files.move(log.directory, doomed)
            log.directory = doomed
            log.delete()
            self.checkpoint()
            return True

    def cleanup_logs(self) -> int:
        """Deletes what retention says, in every log that is not compacted; how many segments.

        In the others LogCleaner does it, which then is not at work on the same segments.
        """
        deleted = 0
        for log in self._online_logs():
            if not log.config.compact:
                with _naming(log, "delete old segments"):
                    deleted += log.delete_old_segments()
        return deleted

    def remove_expired_producers(self) -> int:
        """Forgets idempotent producers idle for ``producer.id.expiration.ms``; how many."""
        removed = 0
        for log in self.all_logs():
            with log.lock:
                removed += log.producer_state_manager.remove_expired_producers(self._now_ms())
        return removed

    def flush_dirty_logs(self) -> int:
        """Flushes the logs that were not flushed for their ``flush.ms``; how many."""
        flushed = 0
        for log in self._online_logs():
            waited = self._now_ms() - log.last_flushed_ms
            if log.unflushed_messages and waited >= log.config.flush_ms:
                with _naming(log, "flush"):
                    log.flush()
                    flushed += 1
        return flushed

    def checkpoint(self) -> None:
        """Writes recovery points, start offsets and high watermarks of all logs."""
        self.checkpoint_log_recovery_offsets()
        self.checkpoint_log_start_offsets()
        with self._lock:
            self._high_watermarks.write({tp: log.high_watermark for tp, log in self._logs.items()})

    def checkpoint_log_recovery_offsets(self) -> None:
        """Writes from where each log must be checked after a kill."""
        with self._lock:
            self._recovery_points.write({tp: log.recovery_point for tp, log in self._logs.items()})

    def checkpoint_log_start_offsets(self) -> None:
        """Writes the start of each log that does not begin with its first segment."""
        with self._lock:
            logs = self._logs.items()
            self._log_starts.write(
                {
                    tp: log.log_start_offset
                    for tp, log in logs
                    if log.log_start_offset > log.segments[0].base_offset
                }
            )

    def _load(self) -> None:
        had_clean_shutdown = self._clean_shutdown.exists()
        self.cluster_id = MetaProperties.load_or_create(self.log_dir, self.broker_id).cluster_id
        recovery_points = self._recovery_points.read()
        log_starts = self._log_starts.read()
        self._clean_shutdown.delete()
        names = [n for n in files.names(self.log_dir) if files.is_directory(f"{self.log_dir}/{n}")]
        for name in names:
            if name.endswith(DELETE_DIR_SUFFIX):
                files.delete_directory(f"{self.log_dir}/{name}")
                continue
            topic_partition = parse_topic_partition(name)
            if topic_partition is None:
                continue
            log = UnifiedLog(
                self._directory(topic_partition),
                topic_partition,
                self.config,
                log_start_offset=log_starts.get(topic_partition, 0),
                recovery_point=recovery_points.get(topic_partition, 0),
                had_clean_shutdown=had_clean_shutdown,
            )
            self._logs[topic_partition] = self._adopted(log)
        if self._logs and not had_clean_shutdown:
            _logger.info("%s was not closed in order; its logs were checked.", self.log_dir)

    def _schedule_tasks(self) -> None:
        if self._scheduler is None:
            return
        tasks = self._tasks
        periods: tuple[tuple[str, Callable[[], object], int], ...] = (
            ("kafka-log-retention", self.cleanup_logs, tasks.retention_check_interval_ms),
            ("kafka-log-flusher", self.flush_dirty_logs, tasks.flush_scheduler_interval_ms),
            (
                "kafka-recovery-point-checkpoint",
                self.checkpoint_log_recovery_offsets,
                tasks.flush_offset_checkpoint_interval_ms,
            ),
            (
                "kafka-log-start-offset-checkpoint",
                self.checkpoint_log_start_offsets,
                tasks.flush_start_offset_checkpoint_interval_ms,
            ),
        )
        periods += (("PeriodicProducerExpirationCheck", self.remove_expired_producers, 600_000),)
        for name, task, period in periods:
            self._scheduler.schedule(name, task, tasks.initial_task_delay_ms, period)

    def _adopted(self, log: UnifiedLog) -> UnifiedLog:
        log.scheduler = self._scheduler
        log.last_flushed_ms = self._now_ms()
        return log

    def _now_ms(self) -> int:
        return (SystemTime() if self._scheduler is None else self._scheduler.time).milliseconds()

    def _close_logs(self) -> None:
        for log in self._logs.values():
            try:
                log.close()
            except OSError as refusal:
                if not log.failures.is_offline:
                    raise
                _logger.warning("Cannot close %s: %s", log.topic_partition, refusal)

    def _online_logs(self) -> tuple[UnifiedLog, ...]:
        return tuple(log for log in self.all_logs() if not log.failures.is_offline)

    def _directory(self, topic_partition: TopicPartition) -> str:
        return f"{self.log_dir}/{topic_partition}"


@contextlib.contextmanager
def _naming(log: UnifiedLog, what: str) -> Iterator[None]:
    """A disk's refusal in one log is named and keeps no other log waiting."""
    try:
        yield
    except (OSError, KafkaStorageException) as refusal:
        _logger.warning("Cannot %s of %s: %s", what, log.topic_partition, refusal)
