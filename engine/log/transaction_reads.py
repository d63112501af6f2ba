"""What a reader of committed records needs beyond the bytes: the aborted transactions among them.

System calls: TransactionIndex's; those of looking up an offset in a segment.

Kafka: kafka.log.LocalLog
"""

import bisect
from collections.abc import Sequence

from engine.log.aborted_txn import AbortedTxn
from engine.log.fetch_data_info import FetchDataInfo, LogOffsetMetadata
from engine.log.log_segment import LogSegment
from engine.log.offset_position import OffsetPosition


def add_aborted_transactions(
    found: FetchDataInfo, segments: Sequence[LogSegment], stable_end: int
) -> FetchDataInfo:
    """The same read with the aborted transactions that overlap it.

    ``segments`` begin with the one that was read, ``stable_end`` is the last stable offset.
    """
    start, _, position = found.fetch_offset_metadata
    size = found.records.size_in_bytes()
    upper = segments[0].offset_index.fetch_upper_bound_offset(OffsetPosition(start, position), size)
    if upper is None:
        upper = segments[1].base_offset if len(segments) > 1 else stable_end
    aborted = collect_aborted_transactions(segments, start, min(upper, stable_end))
    return found._replace(aborted_transactions=tuple(aborted))


def collect_aborted_transactions(
    segments: Sequence[LogSegment], start_offset: int, upper_bound: int
) -> list[AbortedTxn]:
    """The aborted transactions that overlap a range of offsets; the upper bound is exclusive.

    A marker may stand in a later segment than its records, so the search goes on until an entry
    says that no later one can matter.
    """
    found: list[AbortedTxn] = []
    for segment in segments:
        result = segment.txn_index.collect_aborted_txns(start_offset, upper_bound)
        found += result.aborted_transactions
        if result.is_complete:
            break
    return found


def with_position(
    first: LogOffsetMetadata, segments: Sequence[LogSegment], log_start_offset: int
) -> LogOffsetMetadata:
    """The first unstable offset with its place, which a snapshot does not hold.

    A transaction that began before the log's start counts from there.
    """
    offset = max(first.message_offset, log_start_offset)
    if first.segment_base_offset >= 0 and first.message_offset == offset:
        return first
    index = bisect.bisect_right(segments, offset, key=lambda each: each.base_offset) - 1
    segment = segments[max(0, index)]
    place = segment.translate_offset(offset)
    position = segment.size if place is None else place.position
    return LogOffsetMetadata(offset, segment.base_offset, position)
