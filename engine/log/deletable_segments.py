"""Which segments at a log's beginning may go, by its settings: pure, nothing is deleted here.

System calls: ``stat`` of a segment in which no record has a timestamp.

Kafka: kafka.log.UnifiedLog
"""

from collections.abc import Callable, Sequence

from engine.log.log_config import LogConfig
from engine.log.log_segment import LogSegment


def deletable_segments(
    segments: Sequence[LogSegment],
    config: LogConfig,
    now_ms: int,
    log_start_offset: int,
    log_end_offset: int,
) -> tuple[int, list[str]]:
    """How many, counted from the first, and the reasons in words.

    An active segment without a record always stays.
    """
    ends = [*(segment.base_offset for segment in segments[1:]), log_end_offset]
    candidates = list(zip(segments, ends, strict=True))
    if not segments[-1].size:
        candidates.pop()
    rules: list[tuple[Callable[[LogSegment, int], bool], str]] = []
    if config.delete and config.retention_ms >= 0:
        oldest = now_ms - config.retention_ms
        rules.append(
            (
                lambda segment, _: segment.largest_timestamp < oldest,
                f"their largest timestamps are more than retention.ms={config.retention_ms} ago",
            )
        )
    if config.delete and config.retention_bytes >= 0:
        rules.append(
            (
                _size_rule(segments, config.retention_bytes),
                f"retention.bytes={config.retention_bytes} are there without them",
            )
        )
    rules.append(
        (lambda _, end: end <= log_start_offset, "their records come before the log's start")
    )
    return _apply(rules, candidates)


def _apply(
    rules: Sequence[tuple[Callable[[LogSegment, int], bool], str]],
    candidates: Sequence[tuple[LogSegment, int]],
) -> tuple[int, list[str]]:
    count = 0
    reasons = []
    for rule, reason in rules:
        before = count
        while count < len(candidates) and rule(*candidates[count]):
            count += 1
        if count > before:
            reasons.append(reason)
    return count, reasons


def _size_rule(segments: Sequence[LogSegment], limit: int) -> Callable[[LogSegment, int], bool]:
    def rule(segment: LogSegment, _: int) -> bool:
        behind = sum(each.size for each in segments if each.base_offset > segment.base_offset)
        return behind >= limit

    return rule
