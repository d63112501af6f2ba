"""Decides whether a producer's batches may be appended, before a byte is written.

What is checked without unpacking a record: magic, sizes, CRC-32C, offsets that add up, no control
batch, the codec. Records are unpacked only for a compacted topic, where each needs a key, and for a
topic that limits how far timestamps may be from the broker's clock.

System calls: none.

Kafka: org.apache.kafka.storage.internals.log.LogValidator
"""

from engine.common.errors import (
    CorruptRecordException,
    InvalidRecordException,
    InvalidTimestampException,
    RecordTooLargeException,
    UnsupportedForMessageFormatException,
)
from engine.log.append_origin import AppendOrigin
from engine.log.log_append_info import LogAppendInfo
from engine.log.log_config import MAX_LONG, LogConfig
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.memory_records import MemoryRecords
from engine.record.record_batch import MAGIC_VALUE_V2, NO_TIMESTAMP, RecordBatch
from engine.record.timestamp_type import TimestampType


class LogValidator:
    """The rules of one log's settings."""

    def __init__(self, config: LogConfig, origin: AppendOrigin = AppendOrigin.CLIENT) -> None:
        self._config = config
        self._origin = origin

    def analyze_and_validate_records(self, records: MemoryRecords, now_ms: int) -> LogAppendInfo:
        """The batches and what is known of them; an ApiException if one breaks a rule.

        CorruptRecordException for broken bytes, and for bytes after the last whole batch.
        """
        info = LogAppendInfo()
        for batch in records.batches():
            self._validate_batch(batch, now_ms)
            if not isinstance(batch, DefaultRecordBatch):
                raise UnsupportedForMessageFormatException(
                    f"Batches of magic {batch.magic} cannot be appended; magic 2 is needed."
                )
            info.batches.append(batch)
            info.num_messages += batch.count
            info.valid_bytes += batch.size_in_bytes()
        if info.valid_bytes != records.size_in_bytes():
            raise CorruptRecordException(
                f"{records.size_in_bytes() - info.valid_bytes} bytes after the last whole batch "
                "are part of none"
            )
        return info

    def assign_offsets(self, info: LogAppendInfo, offset: int, epoch: int, now_ms: int) -> None:
        """Writes offsets, leader epoch and, if the topic wants it, the time into the headers."""
        by_log = self._config.message_timestamp_type == TimestampType.LOG_APPEND_TIME.value
        info.first_offset = offset
        for batch in info.batches:
            batch.set_last_offset(offset + batch.last_offset_delta)
            batch.set_partition_leader_epoch(epoch)
            if by_log:
                batch.set_max_timestamp(TimestampType.LOG_APPEND_TIME, now_ms)
            if batch.max_timestamp > info.max_timestamp:
                info.max_timestamp = batch.max_timestamp
                info.offset_of_max_timestamp = batch.last_offset
            offset = batch.next_offset
        info.last_offset = offset - 1
        info.log_append_time = now_ms if by_log else info.log_append_time

    def _validate_batch(self, batch: RecordBatch, now_ms: int) -> None:
        if batch.magic != MAGIC_VALUE_V2 or not isinstance(batch, DefaultRecordBatch):
            return
        if batch.size_in_bytes() > self._config.max_message_bytes:
            raise RecordTooLargeException(
                f"A batch of {batch.size_in_bytes()} bytes is over max.message.bytes, "
                f"which is {self._config.max_message_bytes}."
            )
        batch.ensure_valid()
        _validate_header(batch)
        if self._origin is AppendOrigin.CLIENT:
            _validate_producer(batch)
        self._validate_timestamp(batch, now_ms)
        if self._config.compact and not batch.is_control_batch:
            _validate_keys(batch)

    def _validate_timestamp(self, batch: DefaultRecordBatch, now_ms: int) -> None:
        if self._config.message_timestamp_type == TimestampType.LOG_APPEND_TIME.value:
            return
        before = self._config.message_timestamp_before_max_ms
        after = self._config.message_timestamp_after_max_ms
        if before == after == MAX_LONG:
            return
        # The header's two timestamps are the first and, by the producer's word, the largest: only
        # the records themselves say which is too old.
        for index, record in enumerate(batch):
            is_set = record.timestamp != NO_TIMESTAMP
            if is_set and not -after <= now_ms - record.timestamp <= before:
                raise InvalidTimestampException(
                    f"Timestamp {record.timestamp} of record {index} is outside what the topic "
                    f"allows, {now_ms - before} to {now_ms + after}."
                )


def _validate_header(batch: DefaultRecordBatch) -> None:
    if batch.timestamp_type is TimestampType.LOG_APPEND_TIME:
        raise InvalidTimestampException("A client may not write batches with log append time.")
    if batch.count <= 0 or batch.last_offset_delta != batch.count - 1:
        raise InvalidRecordException(
            f"A batch of {batch.count} records claims a last offset delta of "
            f"{batch.last_offset_delta}."
        )
    # Reading it refuses a codec that is not known.
    _ = batch.compression_type


def _validate_producer(batch: DefaultRecordBatch) -> None:
    if batch.is_control_batch:
        raise InvalidRecordException("A client may not write control batches.")
    if batch.producer_id >= 0 and batch.base_sequence < 0:
        raise InvalidRecordException(
            f"A batch of producer {batch.producer_id} has the sequence number "
            f"{batch.base_sequence}."
        )


def _validate_keys(batch: DefaultRecordBatch) -> None:
    for index, record in enumerate(batch):
        if record.key is None:
            raise InvalidRecordException(
                f"Record {index} of a batch has no key, and a compacted topic needs one."
            )
