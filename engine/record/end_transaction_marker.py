"""The record that ends a transaction in a partition: committed or aborted.

::

    key    int16 version (0) | int16 type (0 abort, 1 commit)
    value  int16 version (0) | int32 epoch of the coordinator that wrote it

It stands alone in a control batch that carries the producer's id and epoch, and no sequence.

System calls: none.

Kafka: org.apache.kafka.common.record.EndTransactionMarker
"""

import struct
from dataclasses import dataclass

from engine.common.errors import InvalidRecordException
from engine.record.control_record_type import ControlRecordType
from engine.record.default_record import DefaultRecord
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder, ProducerState

_VALUE = struct.Struct(">hi")


@dataclass(frozen=True, slots=True)
class EndTransactionMarker:
    """``control_type`` is COMMIT or ABORT; ValueError for any other."""

    control_type: ControlRecordType
    coordinator_epoch: int

    def __post_init__(self) -> None:
        if self.control_type not in {ControlRecordType.COMMIT, ControlRecordType.ABORT}:
            raise ValueError(f"{self.control_type.name} does not end a transaction.")

    def serialize_value(self) -> bytes:
        """The value of the control record."""
        return _VALUE.pack(0, self.coordinator_epoch)

    def to_records(self, producer_id: int, producer_epoch: int, timestamp: int) -> MemoryRecords:
        """The control batch with this marker; the timestamp is in milliseconds since 1970."""
        producer = ProducerState(producer_id, producer_epoch, is_transactional=True)
        builder = MemoryRecordsBuilder(producer=producer, is_control=True)
        builder.append(timestamp, self.control_type.record_key(), self.serialize_value())
        return builder.build()

    @classmethod
    def deserialize(cls, record: DefaultRecord) -> "EndTransactionMarker":
        """The marker in a control record; InvalidRecordException if it is none, or cut."""
        control_type = ControlRecordType.parse(record.key)
        if control_type not in {ControlRecordType.COMMIT, ControlRecordType.ABORT}:
            raise InvalidRecordException(
                f"A control record of type {control_type.name} does not end a transaction."
            )
        if record.value is None or len(record.value) < _VALUE.size:
            raise InvalidRecordException(
                f"A transaction's marker has a value of {record.value_size} bytes and needs 6."
            )
        version, coordinator_epoch = _VALUE.unpack_from(record.value)
        if version < 0:
            raise InvalidRecordException(f"A transaction's marker has version {version}.")
        return cls(control_type, coordinator_epoch)
