"""The command ``dump-log``: prints a segment's files as Kafka's tool of the same name does.

A ``.log`` gives a line a batch and, with ``--print-data-log`` or ``--deep-iteration``, a line a
record; an ``.index`` or ``.timeindex`` a line an entry, checked against the log beside it; a
``.snapshot`` a line a producer, a ``.txnindex`` a line an aborted transaction. Checkpoints and
``--map``, a picture of a ``.log``, are ours.

System calls: those of reading files.

Kafka: kafka.tools.DumpLogSegments
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from engine.common.errors import ApiException
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.dump_index import IndexCheck, dump_index, dump_time_index
from engine.log.dump_map import SegmentMap
from engine.log.dump_state import (
    dump_checkpoint,
    dump_producer_id_snapshot,
    dump_txn_index,
    is_checkpoint,
    optional_long,
)
from engine.log.log_file_utils import (
    INDEX_FILE_SUFFIX,
    LOG_FILE_SUFFIX,
    PRODUCER_SNAPSHOT_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    TXN_INDEX_FILE_SUFFIX,
    offset_from_file,
)
from engine.log.offsets_message_parser import parse_offsets_record
from engine.record.control_record_type import ControlRecordType
from engine.record.default_record import DefaultRecord
from engine.record.end_transaction_marker import EndTransactionMarker
from engine.record.file_log_input_stream import FileChannelRecordBatch
from engine.record.file_records import FileRecords
from engine.record.legacy_record_batch import LegacyRecordBatch
from engine.record.record_batch import MAGIC_VALUE_V2, RecordBatch

_MAX_INT = 2**31 - 1
_NAMED_BY_OFFSET = {
    LOG_FILE_SUFFIX,
    INDEX_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    TXN_INDEX_FILE_SUFFIX,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments, by Kafka's names."""
    parser.add_argument("paths", nargs="*", metavar="FILE", help="a file of a data directory")
    parser.add_argument("--files", default="", metavar="A,B", help="more files, by commas")
    parser.add_argument("--print-data-log", action="store_true", help="keys and values too")
    parser.add_argument("--deep-iteration", action="store_true", help="a line a record")
    parser.add_argument(
        "--verify-index-only", action="store_true", help="check indexes, do not print entries"
    )
    parser.add_argument(
        "--index-sanity-check", action="store_true", help="only the check made at a broker's start"
    )
    parser.add_argument(
        "--max-message-size", type=_size, default=5 * 2**20, metavar="BYTES", help="largest batch"
    )
    parser.add_argument(
        "--max-bytes", type=_size, default=_MAX_INT, metavar="BYTES", help="read no more of a log"
    )
    parser.add_argument(
        "--offsets-decoder", action="store_true", help="records of __consumer_offsets as JSON"
    )
    parser.add_argument("--skip-record-metadata", action="store_true", help="only keys and values")
    parser.add_argument("--map", action="store_true", help="a picture of the log in its place")
    parser.add_argument(
        "--width", type=_size, default=80, metavar="COLUMNS", help="of the picture, 80 if not given"
    )


def run(args: argparse.Namespace) -> int:
    """Dumps the files in turn: 0, 1 for a file that cannot be dumped, 2 if none is named."""
    paths = [*args.paths, *(path for path in args.files.split(",") if path)]
    if not paths:
        _complain("dump-log needs a file: dump-log FILE [--print-data-log]")
        return 2
    problems: list[str] = []
    try:
        for path in paths:
            problems += _dump(path, args)
    except BrokenPipeError:
        # The reader has seen enough; Python would complain once more when it closes stdout.
        sys.stdout = None
        return 0
    except OSError as refusal:
        _complain(f"Cannot read {refusal.filename or path}: {refusal.strerror}.")
        return 1
    except (ApiException, CorruptIndexException, ValueError) as reason:
        _complain(f"Cannot go on with {path}: {reason}")
        return 1
    for line in problems:
        _complain(line)
    return 0


def _dump(path: str, args: argparse.Namespace) -> list[str]:
    _say(f"Dumping {path}")
    name = path.rpartition("/")[2]
    suffix = name[name.rfind(".") :] if "." in name else ""
    if is_checkpoint(path):
        return dump_checkpoint(path, _say)
    if suffix == PRODUCER_SNAPSHOT_FILE_SUFFIX:
        return dump_producer_id_snapshot(path, _say)
    if suffix not in _NAMED_BY_OFFSET:
        return [f"Ignoring unknown file {path}"]
    offset = offset_from_file(path)
    if offset is None:
        raise ValueError("its name does not begin with the segment's base offset.")
    if suffix == LOG_FILE_SUFFIX:
        return _draw_map(path, offset, args) if args.map else _dump_log(path, offset, args)
    if suffix == TXN_INDEX_FILE_SUFFIX:
        return dump_txn_index(path, offset, _say)
    dump = dump_index if suffix == INDEX_FILE_SUFFIX else dump_time_index
    check = IndexCheck(
        verify_only=args.verify_index_only,
        sanity_only=args.index_sanity_check,
        max_message_size=args.max_message_size,
    )
    return dump(path, offset, check, _say)


def _draw_map(path: str, offset: int, args: argparse.Namespace) -> list[str]:
    for line in SegmentMap(path, offset, args.width).lines():
        _say(line)
    return []


def _dump_log(path: str, start_offset: int, args: argparse.Namespace) -> list[str]:
    _say(f"Log starting offset: {start_offset}")
    contents = args.print_data_log or args.offsets_decoder
    deep = contents or args.deep_iteration
    style = RecordStyle(
        contents=contents,
        parse=parse_offsets_record if args.offsets_decoder else _parse_text,
        metadata=not args.skip_record_metadata,
    )
    gaps: list[str] = []
    last_offset = -1
    valid_bytes = 0
    records = FileRecords.open(path, mutable=False)
    try:
        for batch in records.slice(0, args.max_bytes).batches():
            _say(batch_line(batch))
            for record, line in record_lines(batch, style) if deep else ():
                if last_offset not in (-1, record.offset - 1):
                    gaps.append(f"  {last_offset} is followed by {record.offset}")
                last_offset = record.offset
                _say(line)
            valid_bytes += batch.size_in_bytes()
        trailing = records.size_in_bytes() - valid_bytes
    finally:
        records.close()
    if trailing and args.max_bytes == _MAX_INT:
        _say(f"Found {trailing} invalid bytes at the end of {path.rpartition('/')[2]}")
    return [f"Non-consecutive offsets in {path}", *gaps] if gaps else []


def batch_line(lazy: FileChannelRecordBatch) -> str:
    """A batch in Kafka's words."""
    batch = lazy.full_batch
    if batch.magic >= MAGIC_VALUE_V2:
        head = (
            f"baseOffset: {batch.base_offset} lastOffset: {batch.last_offset} "
            f"count: {batch.count_or_null} baseSequence: {batch.base_sequence} "
            f"lastSequence: {batch.last_sequence} producerId: {batch.producer_id} "
            f"producerEpoch: {batch.producer_epoch} "
            f"partitionLeaderEpoch: {batch.partition_leader_epoch} "
            f"isTransactional: {_boolean(batch.is_transactional)} "
            f"isControl: {_boolean(batch.is_control_batch)} "
            f"deleteHorizonMs: {optional_long(batch.delete_horizon_ms)}"
        )
    else:
        head = f"offset: {batch.last_offset}"
    return (
        f"{head} position: {lazy.position} {batch.timestamp_type}: {batch.max_timestamp} "
        f"size: {batch.size_in_bytes()} magic: {batch.magic} "
        f"compresscodec: {batch.compression_type.label} crc: {batch.checksum} "
        f"isvalid: {_boolean(batch.is_valid())}"
    )


class RecordStyle(NamedTuple):
    """What a record's line shows; ``parse`` gives the texts of key and value, None for neither."""

    contents: bool
    parse: Callable[[DefaultRecord], tuple[str | None, str | None]]
    metadata: bool = True


def record_lines(
    lazy: FileChannelRecordBatch, style: RecordStyle
) -> Iterator[tuple[DefaultRecord, str]]:
    """Each record of a batch with its line."""
    batch = lazy.full_batch
    for record, message in _with_messages(batch):
        line = "|"
        if style.metadata:
            line += _metadata(batch, record, message)
        if style.metadata and batch.is_control_batch:
            line += _control(record)
        if style.contents and not batch.is_control_batch:
            key, payload = style.parse(record)
            line += "" if key is None else f" key: {key}"
            line += "" if payload is None else f" payload: {payload}"
        yield record, line


def _metadata(batch: RecordBatch, record: DefaultRecord, message: LegacyRecordBatch | None) -> str:
    line = (
        f" offset: {record.offset} {batch.timestamp_type}: {record.timestamp} "
        f"keySize: {record.key_size} valueSize: {record.value_size}"
    )
    if batch.magic >= MAGIC_VALUE_V2:
        names = ",".join(header.key for header in record.headers)
        line += f" sequence: {record.sequence} headerKeys: [{names}]"
    if message is not None:
        # The brace too many is Kafka's.
        line += f" isValid: {_boolean(message.is_valid())} crc: {message.checksum}}}"
    return line


def _with_messages(batch: RecordBatch) -> Iterator[tuple[DefaultRecord, LegacyRecordBatch | None]]:
    if isinstance(batch, LegacyRecordBatch):
        yield from batch.deep_iterator()
    else:
        for record in batch:
            yield record, None


def _control(record: DefaultRecord) -> str:
    kind = ControlRecordType.parse(record.key)
    if kind in {ControlRecordType.ABORT, ControlRecordType.COMMIT}:
        marker = EndTransactionMarker.deserialize(record)
        return f" endTxnMarker: {kind.name} coordinatorEpoch: {marker.coordinator_epoch}"
    return f" controlType: {kind.name}({ControlRecordType.parse_type_id(record.key)})"


def _parse_text(record: DefaultRecord) -> tuple[str | None, str | None]:
    key, value = record.key, record.value
    return None if key is None else _decoded(key), None if value is None else _decoded(value)


def _decoded(data: bytes | bytearray | memoryview) -> str:
    return str(data, "utf-8", "replace")


def _size(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MAX_INT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MAX_INT}")
    return int(text)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
