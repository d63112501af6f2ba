"""The producers of a partition: who wrote last with which number, and which transactions are open.

::

    append     prepare_update -> ProducerAppendInfo.append a batch ... -> update
    roll       take_snapshot   <offset>.snapshot
    start      truncate_and_reload (latest snapshot that is sound), then the batches behind it

The first unstable offset is the first one of the oldest open transaction: a reader of committed
records may not go beyond it.

System calls: SnapshotFile's; ``getdents64`` to list the directory.

Kafka: org.apache.kafka.storage.internals.log.ProducerStateManager
"""

import logging
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import ClassVar

from engine.common.topic_partition import TopicPartition
from engine.log.append_origin import AppendOrigin
from engine.log.completed_txn import CompletedTxn
from engine.log.corrupt_snapshot_exception import CorruptSnapshotException
from engine.log.fetch_data_info import LogOffsetMetadata
from engine.log.log_file_utils import PRODUCER_SNAPSHOT_FILE_SUFFIX, offset_from_file
from engine.log.producer_append_info import ProducerAppendInfo
from engine.log.producer_state_entry import ProducerStateEntry
from engine.log.snapshot_file import SnapshotFile
from engine.log.txn_metadata import TxnMetadata
from engine.nio import files

_logger = logging.getLogger(__name__)


class ProducerStateManager:
    """Belongs to the log's lock, but for ``first_unstable_offset``; offsets are the log's."""

    # producer.id.expiration.ms, for every partition of the broker, which sets it.
    producer_id_expiration_ms: ClassVar[int] = 86_400_000

    def __init__(self, topic_partition: TopicPartition, directory: str) -> None:
        self.topic_partition = topic_partition
        self.directory = directory
        self.map_end_offset = 0
        self._last_snapshot_offset = 0
        self._producers: dict[int, ProducerStateEntry] = {}
        self._ongoing: dict[int, TxnMetadata] = {}
        self._unreplicated: dict[int, TxnMetadata] = {}
        self._snapshots = self._load_snapshots()

    @property
    def active_producers(self) -> Mapping[int, ProducerStateEntry]:
        """The producers by id, to be read only."""
        return MappingProxyType(self._producers)

    @property
    def latest_snapshot_offset(self) -> int | None:
        """The offset of the last snapshot, None if there is none."""
        return max(self._snapshots, default=None)

    @property
    def snapshot_offsets(self) -> tuple[int, ...]:
        """The offsets of all snapshots, ascending."""
        return tuple(sorted(self._snapshots))

    @property
    def first_unstable_offset(self) -> LogOffsetMetadata | None:
        """Where the oldest undecided or not yet replicated transaction begins, None if none."""
        firsts = [
            txn.first_offset
            for txns in (self._ongoing, self._unreplicated)
            for txn in txns.values()
        ]
        return min(firsts, default=None)

    def last_entry(self, producer_id: int) -> ProducerStateEntry | None:
        """What is known of a producer, None if nothing."""
        return self._producers.get(producer_id)

    def prepare_update(self, producer_id: int, origin: AppendOrigin) -> ProducerAppendInfo:
        """Begins an append of a producer; nothing changes before ``update``."""
        current = self._producers.get(producer_id) or ProducerStateEntry(producer_id)
        return ProducerAppendInfo(self.topic_partition, current, origin)

    def update(self, append_info: ProducerAppendInfo) -> None:
        """Takes over an append whose bytes are in the log."""
        known = self._producers.get(append_info.producer_id)
        if known is None:
            self._producers[append_info.producer_id] = append_info.updated_entry
        else:
            known.update(append_info.updated_entry)
        for txn in append_info.started_transactions:
            self._ongoing[txn.first_offset.message_offset] = txn

    def update_map_end_offset(self, offset: int) -> None:
        """Notes up to where the log has been taken into account."""
        self.map_end_offset = offset

    def last_stable_offset(self, completed: CompletedTxn) -> int:
        """Where the log is stable once a transaction has ended."""
        others = [
            first
            for first, txn in self._ongoing.items()
            if txn.producer_id != completed.producer_id
        ]
        return min(others, default=completed.last_offset + 1)

    def complete_txn(self, completed: CompletedTxn) -> None:
        """Closes a transaction; it counts as unstable until its marker is replicated."""
        txn = self._ongoing.pop(completed.first_offset, None)
        if txn is None:
            raise ValueError(f"{completed} was not open in {self.topic_partition}.")
        txn.last_offset = completed.last_offset
        self._unreplicated[completed.first_offset] = txn

    def on_high_watermark_updated(self, high_watermark: int) -> None:
        """Forgets the transactions whose marker is replicated."""
        self._unreplicated = {
            first: txn
            for first, txn in self._unreplicated.items()
            if txn.last_offset is None or txn.last_offset >= high_watermark
        }

    def remove_expired_producers(self, now_ms: int) -> int:
        """Forgets those idle for ``producer.id.expiration.ms`` without an open transaction."""
        expired = [each for each, entry in self._producers.items() if self._expired(entry, now_ms)]
        for producer_id in expired:
            del self._producers[producer_id]
        return len(expired)

    def take_snapshot(self) -> str | None:
        """Writes the state to disk; the file's path, None if there is a snapshot of it."""
        if self.map_end_offset <= self._last_snapshot_offset:
            return None
        snapshot = SnapshotFile(self.directory, self.map_end_offset)
        snapshot.write(self._producers.values())
        self._snapshots[snapshot.offset] = snapshot
        self._last_snapshot_offset = snapshot.offset
        return snapshot.path

    def truncate_and_reload(self, log_start_offset: int, log_end_offset: int, now_ms: int) -> None:
        """Goes back to the latest sound snapshot within the log; ``map_end_offset`` says where."""
        for offset in self.snapshot_offsets:
            if not log_start_offset < offset <= log_end_offset:
                self.remove_and_delete_snapshot(offset)
        if log_end_offset == self.map_end_offset:
            self.on_log_start_offset_incremented(log_start_offset)
            return
        self._producers.clear()
        self._ongoing.clear()
        self._unreplicated.clear()
        self._load_from_snapshot(log_start_offset, now_ms)

    def truncate_fully_and_start_at(self, offset: int) -> None:
        """Forgets everything, the snapshots too."""
        self._producers.clear()
        self._ongoing.clear()
        self._unreplicated.clear()
        for each in self.snapshot_offsets:
            self.remove_and_delete_snapshot(each)
        self._last_snapshot_offset = 0
        self.map_end_offset = offset

    def on_log_start_offset_incremented(self, log_start_offset: int) -> None:
        """The log begins later than it did; producers stay until they expire."""
        self.on_high_watermark_updated(log_start_offset)
        self.map_end_offset = max(self.map_end_offset, log_start_offset)
        self._last_snapshot_offset = max(self._snapshots, default=log_start_offset)

    def remove_stray_snapshots(self, segment_base_offsets: Collection[int]) -> None:
        """Removes snapshots of no segment, but not the one of an orderly stop behind the last."""
        last = max(segment_base_offsets, default=-1)
        strays = [offset for offset in self.snapshot_offsets if offset not in segment_base_offsets]
        for offset in strays:
            if offset != strays[-1] or offset < last:
                self.remove_and_delete_snapshot(offset)

    def delete_snapshots_before(self, offset: int) -> None:
        """Removes the snapshots below an offset."""
        for each in self.snapshot_offsets:
            if each < offset:
                self.remove_and_delete_snapshot(each)

    def remove_and_delete_snapshot(self, offset: int) -> None:
        """Removes a snapshot, if there is one."""
        snapshot = self._snapshots.pop(offset, None)
        if snapshot is not None:
            snapshot.delete_if_exists()

    def _load_snapshots(self) -> dict[int, SnapshotFile]:
        snapshots = {}
        for name in files.names(self.directory):
            offset = offset_from_file(name)
            if name.endswith(PRODUCER_SNAPSHOT_FILE_SUFFIX) and offset is not None:
                snapshots[offset] = SnapshotFile(self.directory, offset)
        return snapshots

    def _load_from_snapshot(self, log_start_offset: int, now_ms: int) -> None:
        for offset in reversed(self.snapshot_offsets):
            try:
                entries = self._snapshots[offset].read()
            except CorruptSnapshotException as reason:
                _logger.warning("%s It is removed.", reason)
                self.remove_and_delete_snapshot(offset)
                continue
            for entry in entries:
                self._load_producer_entry(entry, now_ms)
            self._last_snapshot_offset = self.map_end_offset = offset
            return
        self._last_snapshot_offset = self.map_end_offset = log_start_offset

    def _load_producer_entry(self, entry: ProducerStateEntry, now_ms: int) -> None:
        if self._expired(entry, now_ms):
            return
        self._producers[entry.producer_id] = entry
        first = entry.current_txn_first_offset
        if first is not None:
            self._ongoing[first] = TxnMetadata(entry.producer_id, LogOffsetMetadata(first))

    def _expired(self, entry: ProducerStateEntry, now_ms: int) -> bool:
        idle_ms = now_ms - entry.last_timestamp
        return entry.current_txn_first_offset is None and idle_ms >= self.producer_id_expiration_ms
