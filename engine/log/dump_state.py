"""Prints the small files beside a segment: snapshots, transaction indexes, checkpoints.

Snapshots and transaction indexes look as in Kafka's tool, which leaves checkpoints out; those have
a line an entry here, in the same manner.

System calls: those of reading files.

Kafka: kafka.tools.DumpLogSegments
"""

from collections.abc import Callable, Iterator

from engine.log.corrupt_snapshot_exception import CorruptSnapshotException
from engine.log.leader_epoch_checkpoint_file import LeaderEpochCheckpointFile
from engine.log.offset_checkpoint_file import OffsetCheckpointFile
from engine.log.producer_state_entry import ProducerStateEntry
from engine.log.snapshot_file import read_snapshot
from engine.log.transaction_index import TransactionIndex
from engine.nio import files

_LEADER_EPOCHS = "leader-epoch-checkpoint"
_OFFSETS = "-offset-checkpoint"

Say = Callable[[str], None]


def is_checkpoint(path: str) -> bool:
    """Whether the name is one of Kafka's checkpoints."""
    name = path.rpartition("/")[2]
    return name == _LEADER_EPOCHS or name.endswith(_OFFSETS)


def dump_checkpoint(path: str, say: Say) -> list[str]:
    """The lines of a checkpoint; nothing is wrong, or KafkaStorageException says what."""
    # A broker takes a missing file for an empty one; who names it wants to know.
    files.size(path)
    directory, _, name = path.rpartition("/")
    if name == _LEADER_EPOCHS:
        for epoch, start_offset in LeaderEpochCheckpointFile(directory or ".").read():
            say(f"epoch: {epoch} startOffset: {start_offset}")
        return []
    for (topic, partition), offset in OffsetCheckpointFile(path).read().items():
        say(f"topic: {topic} partition: {partition} offset: {offset}")
    return []


def dump_producer_id_snapshot(path: str, say: Say) -> list[str]:
    """The producers of a ``.snapshot``; returns what is wrong with it."""
    try:
        entries = read_snapshot(path)
    except CorruptSnapshotException as reason:
        return [str(reason)]
    for entry in entries:
        say("".join(_snapshot_line(entry)))
    return []


def dump_txn_index(path: str, base_offset: int, say: Say) -> list[str]:
    """The aborted transactions of a ``.txnindex``; CorruptIndexException says what is wrong."""
    files.size(path)
    index = TransactionIndex(path, base_offset, writable=False)
    try:
        for aborted in index.all_aborted_txns():
            say(
                f"version: {aborted.version} producerId: {aborted.producer_id} "
                f"firstOffset: {aborted.first_offset} lastOffset: {aborted.last_offset} "
                f"lastStableOffset: {aborted.last_stable_offset}"
            )
    finally:
        index.close()
    return []


def optional_long(value: int | None) -> str:
    """A number that may be missing, as Java prints it."""
    return "OptionalLong.empty" if value is None else f"OptionalLong[{value}]"


def _snapshot_line(entry: ProducerStateEntry) -> Iterator[str]:
    yield (
        f"producerId: {entry.producer_id} producerEpoch: {entry.producer_epoch} "
        f"coordinatorEpoch: {entry.coordinator_epoch} "
        f"currentTxnFirstOffset: {optional_long(entry.current_txn_first_offset)} "
        f"lastTimestamp: {entry.last_timestamp} "
    )
    for batch in entry.batch_metadata:
        yield (
            f"firstSequence: {batch.first_seq} lastSequence: {batch.last_seq} "
            f"lastOffset: {batch.last_offset} offsetDelta: {batch.offset_delta} "
            f"timestamp: {batch.timestamp}"
        )
