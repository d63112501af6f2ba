"""A log that may be compacted, and how much of it is dirty.

::

    log start      first dirty offset          first uncleanable offset           end
    | clean: was compacted | dirty: cleanable    | too young, undecided, or active |

Kafka: kafka.log.LogToClean
"""

from engine.log.log_segment import LogSegment
from engine.log.unified_log import UnifiedLog


class LogToClean:
    """Sizes are bytes of whole segments, as they are when this is made."""

    def __init__(
        self,
        log: UnifiedLog,
        first_dirty_offset: int,
        uncleanable_offset: int,
        *,
        need_compaction_now: bool = False,
    ) -> None:
        self.log = log
        self.first_dirty_offset = first_dirty_offset
        self.need_compaction_now = need_compaction_now
        inactive = log.segments[:-1]
        young = (s.base_offset for s in inactive if s.base_offset >= uncleanable_offset)
        self.first_uncleanable_offset = next(young, log.active_segment.base_offset)
        self.clean_bytes = sum(s.size for s in inactive if s.base_offset < first_dirty_offset)
        self.cleanable_bytes = sum(s.size for s in self.dirty_segments())

    @property
    def total_bytes(self) -> int:
        """Bytes that a compaction would read."""
        return self.clean_bytes + self.cleanable_bytes

    @property
    def cleanable_ratio(self) -> float:
        """Dirty bytes of all bytes, 0 to 1."""
        return self.cleanable_bytes / self.total_bytes if self.total_bytes else 0.0

    def dirty_segments(self) -> list[LogSegment]:
        """The segments from the one with the first dirty offset to the first uncleanable one."""
        return segments_between(self.log, self.first_dirty_offset, self.first_uncleanable_offset)


def segments_between(log: UnifiedLog, start: int, end: int) -> list[LogSegment]:
    """The segments with offsets from ``start`` to below ``end``, by their base offsets."""
    segments = log.segments
    below = [segment for segment in segments if segment.base_offset < end]
    first = max((s.base_offset for s in below if s.base_offset <= start), default=start)
    return [segment for segment in below if segment.base_offset >= first] if start < end else []
