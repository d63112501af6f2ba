"""All groups, and their committed offsets, which are kept in the topic ``__consumer_offsets``.

A commit is an append to the partition that the group's name selects, and only then a change in
memory; at start the partitions are read from their beginning and the last record of a key wins.

System calls: those of an append (commit) and of reads (load).

Kafka: kafka.coordinator.group.GroupMetadataManager
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_metadata import GroupMetadata, OffsetAndMetadata
from engine.coordinator.group_state import GroupState
from engine.coordinator.offset_records import (
    OffsetKey,
    decode_key,
    decode_value,
    encode_key,
    encode_value,
    partition_for,
)
from engine.log.unified_log import UnifiedLog
from engine.record.file_records import FileRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from engine.replica.replica_manager import ReplicaManager

_log = logging.getLogger(__name__)

GROUP_METADATA_TOPIC = "__consumer_offsets"
_LOAD_BYTES = 1 << 20


class GroupMetadataManager:
    """Groups by id. ``ensure_topic`` makes the offsets topic if need be; returns its partitions."""

    def __init__(self, replica_manager: ReplicaManager, ensure_topic: Callable[[], int]) -> None:
        self._replica_manager = replica_manager
        self.ensure_topic = ensure_topic
        self._groups: dict[str, GroupMetadata] = {}
        self._lock = threading.Lock()

    def get(self, group_id: str) -> GroupMetadata | None:
        """The group, if there is one."""
        return self._groups.get(group_id)

    def get_or_create(self, group_id: str) -> GroupMetadata:
        """The group, made if need be."""
        with self._lock:
            return self._groups.setdefault(group_id, GroupMetadata(group_id))

    def groups(self) -> list[GroupMetadata]:
        """All groups."""
        with self._lock:
            return list(self._groups.values())

    def offsets(self, group_id: str) -> dict[TopicPartition, OffsetAndMetadata]:
        """What a group has committed; empty for an unknown group."""
        group = self.get(group_id)
        if group is None:
            return {}
        with group.lock:
            return dict(group.offsets)

    def store_offsets(
        self, group_id: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> Errors:
        """Commit: append, then remember. An append that fails changes nothing."""
        if not offsets:
            return Errors.NONE
        group = self.get_or_create(group_id)
        with group.lock:
            records = {
                OffsetKey(group_id, partition): encode_value(committed)
                for partition, committed in offsets.items()
            }
            error = self._append(group_id, records)
            if error is Errors.NONE:
                group.offsets.update(offsets)
            return error

    def delete(self, group: GroupMetadata) -> Errors:
        """Forget an empty group: a record without value for each of its offsets."""
        records = dict.fromkeys(OffsetKey(group.group_id, each) for each in group.offsets)
        error = self._append(group.group_id, records) if records else Errors.NONE
        if error is Errors.NONE:
            group.transition_to(GroupState.DEAD)
            group.offsets.clear()
            with self._lock:
                self._groups.pop(group.group_id, None)
        return error

    def load(self, logs: Iterable[UnifiedLog]) -> int:
        """Read the offsets topic; return how many groups have offsets. Once, before serving."""
        for log in logs:
            offset = log.log_start_offset
            while offset < log.log_end_offset:
                offset = self._load_from(log, offset)
        return len(self._groups)

    def _load_from(self, log: UnifiedLog, offset: int) -> int:
        following = offset
        records = log.read(offset, _LOAD_BYTES, min_one_message=True).records
        for batch in records.batches() if isinstance(records, FileRecords) else ():
            following = batch.last_offset + 1
            for record in batch.full_batch:
                value = None if record.value is None else bytes(record.value)
                self._load_record(bytes(record.key or b""), value)
        return following if following > offset else log.log_end_offset

    def _load_record(self, key_bytes: bytes, value: bytes | None) -> None:
        try:
            key = decode_key(key_bytes)
            committed = None if value is None else decode_value(value)
        except ValueError as reason:
            _log.warning("a record of %s is skipped: %s", GROUP_METADATA_TOPIC, reason)
            return
        if key is None:
            return
        group = self.get_or_create(key.group_id)
        if committed is None:
            group.offsets.pop(key.partition, None)
        else:
            group.offsets[key.partition] = committed

    def _append(self, group_id: str, records: Mapping[OffsetKey, bytes | None]) -> Errors:
        builder = MemoryRecordsBuilder()
        now = time.time_ns() // 1_000_000
        for key, value in records.items():
            builder.append(now, encode_key(key), value)
        partition = TopicPartition(
            GROUP_METADATA_TOPIC, partition_for(group_id, self.ensure_topic())
        )
        return self._replica_manager.append_records({partition: builder.build()})[partition].error
