"""The command ``dump-log``: prints a segment's files as Kafka's tool of the same name does.

A ``.log`` gives a line a batch and, with ``--print-data-log`` or ``--deep-iteration``, a line a
record; an ``.index`` or ``.timeindex`` a line an entry, checked against the log beside it.

System calls: those of reading files.

Kafka: kafka.tools.DumpLogSegments
"""

import argparse
import sys
from collections.abc import Iterator

from engine.common.errors import ApiException
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.dump_index import dump_index, dump_time_index
from engine.log.log_file_utils import (
    INDEX_FILE_SUFFIX,
    LOG_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    offset_from_file,
)
from engine.record.default_record import DefaultRecord
from engine.record.file_log_input_stream import FileChannelRecordBatch
from engine.record.file_records import FileRecords
from engine.record.legacy_record_batch import LegacyRecordBatch
from engine.record.record_batch import MAGIC_VALUE_V2, RecordBatch

_CONTROL_TYPES = {
    0: "ABORT",
    1: "COMMIT",
    2: "LEADER_CHANGE",
    3: "SNAPSHOT_HEADER",
    4: "SNAPSHOT_FOOTER",
    5: "KRAFT_VERSION",
    6: "KRAFT_VOTERS",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments, by Kafka's names."""
    parser.add_argument("paths", nargs="*", metavar="FILE", help=".log, .index or .timeindex")
    parser.add_argument("--files", default="", metavar="A,B", help="more files, by commas")
    parser.add_argument("--print-data-log", action="store_true", help="keys and values too")
    parser.add_argument("--deep-iteration", action="store_true", help="a line a record")
    parser.add_argument(
        "--verify-index-only", action="store_true", help="check indexes, do not print entries"
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
    suffix = path[path.rfind(".") :] if "." in path else ""
    if suffix not in {LOG_FILE_SUFFIX, INDEX_FILE_SUFFIX, TIME_INDEX_FILE_SUFFIX}:
        return [f"Ignoring unknown file {path}"]
    offset = offset_from_file(path)
    if offset is None:
        raise ValueError("its name does not begin with the segment's base offset.")
    if suffix == LOG_FILE_SUFFIX:
        return _dump_log(path, offset, args)
    dump = dump_index if suffix == INDEX_FILE_SUFFIX else dump_time_index
    return dump(path, offset, None if args.verify_index_only else _say, _say)


def _dump_log(path: str, start_offset: int, args: argparse.Namespace) -> list[str]:
    _say(f"Log starting offset: {start_offset}")
    deep = args.print_data_log or args.deep_iteration
    gaps: list[str] = []
    last_offset = -1
    valid_bytes = 0
    records = FileRecords.open(path, mutable=False)
    try:
        for batch in records.batches():
            _say(batch_line(batch))
            for record, line in record_lines(batch, args.print_data_log) if deep else ():
                if last_offset not in (-1, record.offset - 1):
                    gaps.append(f"  {last_offset} is followed by {record.offset}")
                last_offset = record.offset
                _say(line)
            valid_bytes += batch.size_in_bytes()
        trailing = records.size_in_bytes() - valid_bytes
    finally:
        records.close()
    if trailing:
        _say(f"Found {trailing} invalid bytes at the end of {path.rpartition('/')[2]}")
    return [f"Non-consecutive offsets in {path}", *gaps] if gaps else []


def batch_line(lazy: FileChannelRecordBatch) -> str:
    """A batch in Kafka's words."""
    batch = lazy.full_batch
    if batch.magic >= MAGIC_VALUE_V2:
        horizon = batch.delete_horizon_ms
        head = (
            f"baseOffset: {batch.base_offset} lastOffset: {batch.last_offset} "
            f"count: {batch.count_or_null} baseSequence: {batch.base_sequence} "
            f"lastSequence: {batch.last_sequence} producerId: {batch.producer_id} "
            f"producerEpoch: {batch.producer_epoch} "
            f"partitionLeaderEpoch: {batch.partition_leader_epoch} "
            f"isTransactional: {_boolean(batch.is_transactional)} "
            f"isControl: {_boolean(batch.is_control_batch)} deleteHorizonMs: "
            f"{'OptionalLong.empty' if horizon is None else f'OptionalLong[{horizon}]'}"
        )
    else:
        head = f"offset: {batch.last_offset}"
    return (
        f"{head} position: {lazy.position} {batch.timestamp_type}: {batch.max_timestamp} "
        f"size: {batch.size_in_bytes()} magic: {batch.magic} "
        f"compresscodec: {batch.compression_type.label} crc: {batch.checksum} "
        f"isvalid: {_boolean(batch.is_valid())}"
    )


def record_lines(
    lazy: FileChannelRecordBatch, contents: bool
) -> Iterator[tuple[DefaultRecord, str]]:
    """Each record of a batch with its line, with ``contents`` key and value too."""
    batch = lazy.full_batch
    for record, message in _with_messages(batch):
        line = (
            f"| offset: {record.offset} {batch.timestamp_type}: {record.timestamp} "
            f"keySize: {record.key_size} valueSize: {record.value_size}"
        )
        if batch.magic >= MAGIC_VALUE_V2:
            names = ",".join(header.key for header in record.headers)
            line += f" sequence: {record.sequence} headerKeys: [{names}]"
        if message is not None:
            # The brace too many is Kafka's.
            line += f" isValid: {_boolean(message.is_valid())} crc: {message.checksum}}}"
        if batch.is_control_batch:
            line += _control(record)
        elif contents:
            line += "" if record.key is None else f" key: {_decoded(record.key)}"
            line += "" if record.value is None else f" payload: {_decoded(record.value)}"
        yield record, line


def _with_messages(batch: RecordBatch) -> Iterator[tuple[DefaultRecord, LegacyRecordBatch | None]]:
    if isinstance(batch, LegacyRecordBatch):
        yield from batch.deep_iterator()
    else:
        for record in batch:
            yield record, None


def _control(record: DefaultRecord) -> str:
    key, value = bytes(record.key or b""), bytes(record.value or b"")
    number = int.from_bytes(key[2:4], "big", signed=True) if len(key) >= 4 else -1
    name = _CONTROL_TYPES.get(number, "UNKNOWN")
    if number in (0, 1):
        epoch = int.from_bytes(value[2:6], "big", signed=True)
        return f" endTxnMarker: {name} coordinatorEpoch: {epoch}"
    return f" controlType: {name}({number})"


def _decoded(data: bytes | bytearray | memoryview) -> str:
    return str(data, "utf-8", "replace")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")
