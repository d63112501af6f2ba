"""The producers of a partition at one offset: ``00000000000000005120.snapshot``.

::

    int16 version (1) | uint32 crc-32c of everything from byte 6 on | int32 number of entries
    entry, 46 bytes:
      int64 producer id | int16 producer epoch | int32 last sequence | int64 last offset
      int32 offset delta of the last batch | int64 last timestamp
      int32 coordinator epoch | int64 first offset of the open transaction, -1 if none

The name is the offset up to which the state goes. Only the last batch of each producer is kept.

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: org.apache.kafka.storage.internals.log.SnapshotFile
"""

import struct
from collections.abc import Iterable

from crc32c import crc32c

from engine.log.batch_metadata import BatchMetadata
from engine.log.corrupt_snapshot_exception import CorruptSnapshotException
from engine.log.log_file_utils import PRODUCER_SNAPSHOT_FILE_SUFFIX, log_file
from engine.log.producer_state_entry import ProducerStateEntry
from engine.nio import files

_VERSION = 1
_HEAD = struct.Struct(">hIi")
_CRC_END = 6
_ENTRY = struct.Struct(">qhiqiqiq")


class SnapshotFile:
    """The snapshot of one offset in a partition's directory."""

    def __init__(self, directory: str, offset: int) -> None:
        self.offset = offset
        self.path = log_file(directory, offset, PRODUCER_SNAPSHOT_FILE_SUFFIX)

    def write(self, entries: Iterable[ProducerStateEntry]) -> None:
        """Replaces the file's contents in one step."""
        files.write_atomically(self.path, encode_snapshot(entries))

    def read(self) -> list[ProducerStateEntry]:
        """The producers; CorruptSnapshotException if the file is broken."""
        return read_snapshot(self.path)

    def delete_if_exists(self) -> bool:
        """Removes the file; whether it was there."""
        return files.delete_if_exists(self.path)


def read_snapshot(path: str) -> list[ProducerStateEntry]:
    """The producers in a file; CorruptSnapshotException if it is broken."""
    try:
        return decode_snapshot(files.read_all(path))
    except CorruptSnapshotException as reason:
        raise CorruptSnapshotException(f"The snapshot {path} is broken: {reason}") from None


def encode_snapshot(entries: Iterable[ProducerStateEntry]) -> bytes:
    """A snapshot's bytes."""
    packed = [
        _ENTRY.pack(
            entry.producer_id,
            entry.producer_epoch,
            entry.last_seq,
            entry.last_data_offset,
            entry.last_offset_delta,
            entry.last_timestamp,
            entry.coordinator_epoch,
            -1 if entry.current_txn_first_offset is None else entry.current_txn_first_offset,
        )
        for entry in entries
    ]
    contents = bytearray(_HEAD.pack(_VERSION, 0, len(packed)) + b"".join(packed))
    _HEAD.pack_into(contents, 0, _VERSION, crc32c(memoryview(contents)[_CRC_END:]), len(packed))
    return bytes(contents)


def decode_snapshot(data: bytes) -> list[ProducerStateEntry]:
    """The producers in a snapshot's bytes; CorruptSnapshotException says what is wrong."""
    if len(data) < _HEAD.size:
        raise CorruptSnapshotException(f"{len(data)} bytes are less than its head.")
    version, crc, count = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise CorruptSnapshotException(f"version {version} is not known.")
    computed = crc32c(memoryview(data)[_CRC_END:])
    if crc != computed:
        raise CorruptSnapshotException(f"its checksum is {crc} and its bytes give {computed}.")
    if count < 0 or len(data) != _HEAD.size + count * _ENTRY.size:
        raise CorruptSnapshotException(f"it claims {count} entries in {len(data)} bytes.")
    return [_entry(*fields) for fields in _ENTRY.iter_unpack(memoryview(data)[_HEAD.size :])]


def _entry(*fields: int) -> ProducerStateEntry:
    producer_id, epoch, last_seq, last_offset, delta, timestamp, coordinator, first_txn = fields
    batch = BatchMetadata(last_seq, last_offset, delta, timestamp)
    return ProducerStateEntry(
        producer_id,
        epoch,
        coordinator,
        timestamp,
        first_txn if first_txn >= 0 else None,
        batches=[batch] if last_offset >= 0 else (),
    )
