"""Appends to and reads from partitions, and lets fetches wait for appends.

System calls: none of its own; those of the logs.

Kafka: kafka.server.ReplicaManager
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from engine.common.errors import (
    ApiException,
    Errors,
    KafkaStorageException,
    UnknownTopicOrPartitionException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.fetch_isolation import FetchIsolation
from engine.log.log_manager import LogManager
from engine.purgatory.delayed_operation_purgatory import DelayedOperationPurgatory
from engine.record.memory_records import MemoryRecords
from engine.replica.delayed_fetch import DelayedFetch
from engine.replica.log_append_result import LogAppendResult
from engine.replica.log_read_result import FetchParams, LogReadResult, PartitionFetch
from engine.replica.partition import Partition

_log = logging.getLogger(__name__)

ReadResults = Sequence[tuple[PartitionFetch, LogReadResult]]


class ReplicaManager:
    """The partitions of this broker."""

    def __init__(self, log_manager: LogManager) -> None:
        self.log_manager = log_manager
        self._fetch_purgatory: DelayedOperationPurgatory[DelayedFetch] = DelayedOperationPurgatory(
            "Fetch"
        )
        self._appended: deque[TopicPartition] = deque()

    def shutdown(self) -> None:
        """Stop the purgatory; waiting fetches are not answered."""
        self._fetch_purgatory.shutdown()

    def get_partition_or_exception(self, partition: TopicPartition) -> Partition:
        """The partition; UnknownTopicOrPartitionException if it is not here.

        KafkaStorageException if it is offline, whatever is asked of it, as in Kafka.
        """
        log = self.log_manager.get_log(partition)
        if log is None:
            raise UnknownTopicOrPartitionException(f"this server does not host {partition}")
        log.failures.check_online()
        return Partition(partition, log)

    def append_records(
        self, entries: Mapping[TopicPartition, MemoryRecords]
    ) -> dict[TopicPartition, LogAppendResult]:
        """Append to every partition; one that fails does not keep the others from it.

        Fetches that wait for these partitions are completed by ``try_complete_actions``, after
        the producer has been answered (KAFKA-8091: completing them here could deadlock).
        """
        return {
            partition: self._append(partition, records) for partition, records in entries.items()
        }

    def try_complete_actions(self) -> None:
        """Look at the fetches that wait for what was appended."""
        while self._appended:
            try:
                partition = self._appended.popleft()
            except IndexError:
                return
            self._fetch_purgatory.check_and_complete(partition)

    def complete_fetches_of(self, partition: TopicPartition) -> None:
        """Look at the fetches of a partition whose log has come or gone."""
        self._fetch_purgatory.check_and_complete(partition)

    def fetch_messages(
        self,
        params: FetchParams,
        fetches: Sequence[PartitionFetch],
        callback: Callable[[ReadResults], None],
    ) -> None:
        """Read; ``callback`` gets the results at once or when ``params`` are met."""
        results = self.read_from_log(params, fetches)
        size = sum(result.size for _, result in results)
        failed = any(result.error for _, result in results)
        if params.max_wait_ms <= 0 or not fetches or size >= params.min_bytes or failed:
            callback(results)
            return
        delayed = DelayedFetch(
            params,
            available=lambda: self._available(fetches, params.isolation),
            respond=lambda: callback(self.read_from_log(params, fetches)),
        )
        self._fetch_purgatory.try_complete_else_watch(delayed, [each.partition for each in fetches])

    def read_from_log(self, params: FetchParams, fetches: Sequence[PartitionFetch]) -> ReadResults:
        """Read each partition in turn within the fetch's byte limit.

        The first batch of the first partition that has one is given whole whatever the limits
        (KIP-74): otherwise a batch larger than a limit would stop its consumer for ever.
        """
        results = []
        left = params.max_bytes
        min_one_message = True
        for fetch in fetches:
            limit = min(fetch.max_bytes, max(0, left))
            result = self._read(fetch, limit, params.isolation, min_one_message=min_one_message)
            if result.size:
                min_one_message = False
            left -= result.size
            results.append((fetch, result))
        return results

    def _append(self, partition: TopicPartition, records: MemoryRecords) -> LogAppendResult:
        try:
            info = self.get_partition_or_exception(partition).append_records_to_leader(records)
        except ApiException as refusal:
            _log.info("append to %s refused: %s", partition, refusal)
            if isinstance(refusal, KafkaStorageException):
                self._appended.append(partition)  # who waits for an offline log waits in vain
            return LogAppendResult(Errors.for_exception(refusal), message=str(refusal))
        except Exception as failure:  # noqa: BLE001 -- a thread outlives a bug in one request
            _log.exception("append to %s failed", partition)
            return LogAppendResult(Errors.UNKNOWN_SERVER_ERROR, message=str(failure))
        self._appended.append(partition)
        return LogAppendResult(
            Errors.NONE, info.first_offset, info.log_append_time, info.log_start_offset
        )

    def _read(
        self, fetch: PartitionFetch, limit: int, isolation: FetchIsolation, *, min_one_message: bool
    ) -> LogReadResult:
        try:
            partition = self.get_partition_or_exception(fetch.partition)
            data = partition.read_records(
                fetch.fetch_offset, limit, min_one_message=min_one_message, isolation=isolation
            )
        except ApiException as refusal:
            return LogReadResult(MemoryRecords.EMPTY, -1, -1, Errors.for_exception(refusal))
        except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
            _log.exception("reading %s failed", fetch.partition)
            return LogReadResult(MemoryRecords.EMPTY, -1, -1, Errors.UNKNOWN_SERVER_ERROR)
        return LogReadResult(
            data.records,
            partition.high_watermark,
            partition.log_start_offset,
            last_stable_offset=partition.last_stable_offset,
            aborted_transactions=data.aborted_transactions,
        )

    def _available(
        self, fetches: Sequence[PartitionFetch], isolation: FetchIsolation
    ) -> int | None:
        """Bytes that a read of ``fetches`` could give now, None if one of them would fail.

        Looks at the logs' ends only: a fetch that has caught up costs no system call to check.
        """
        params = FetchParams(0, 0, sum(fetch.max_bytes for fetch in fetches), isolation)
        behind = [fetch for fetch in fetches if not self._caught_up(fetch, isolation)]
        results = self.read_from_log(params, behind)
        if any(result.error for _, result in results):
            return None
        return sum(result.size for _, result in results)

    def _caught_up(self, fetch: PartitionFetch, isolation: FetchIsolation) -> bool:
        log = self.log_manager.get_log(fetch.partition)
        if log is None or log.failures.is_offline:
            return False
        committed = isolation is FetchIsolation.TXN_COMMITTED
        end = log.last_stable_offset if committed else log.high_watermark
        return end == fetch.fetch_offset
