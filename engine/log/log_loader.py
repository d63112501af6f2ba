"""Opens the segments of one partition and makes them sound.

After a clean stop the indexes are taken as they are. After any other, every segment from the
recovery point on is checked batch by batch: a torn tail is cut, indexes are rebuilt, and segments
behind a cut are dropped, because their offsets would leave a gap.

A deletion or a compaction that a stop cut short is finished first (LocalLog draws the steps):
``.deleted`` and ``.cleaned`` go; ``.swap`` takes the place of the segments it was made of.

System calls: ``getdents64`` to list the directory; LogSegment's.

Kafka: kafka.log.LogLoader
"""

import contextlib
import logging

from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.log_config import LogConfig
from engine.log.log_file_utils import (
    CLEANED_FILE_SUFFIX,
    INDEX_FILE_SUFFIX,
    LEFTOVER_SUFFIXES,
    LOG_FILE_SUFFIX,
    SWAP_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    TXN_INDEX_FILE_SUFFIX,
    log_file,
    offset_from_file,
)
from engine.log.log_segment import LogSegment
from engine.nio import files
from engine.record.file_records import FileRecords

_logger = logging.getLogger(__name__)
_SEGMENT_SUFFIXES = (
    LOG_FILE_SUFFIX,
    INDEX_FILE_SUFFIX,
    TIME_INDEX_FILE_SUFFIX,
    TXN_INDEX_FILE_SUFFIX,
)


class LogLoader:
    """One partition's directory, to be loaded once."""

    def __init__(self, directory: str, config: LogConfig, *, had_clean_shutdown: bool) -> None:
        self._directory = directory
        self._config = config
        self._clean = had_clean_shutdown
        self._cut = False
        self._behind: list[int] = []

    def load(self, log_start_offset: int, recovery_point: int) -> list[LogSegment]:
        """The segments in order, at least one; the last is ready to be appended to."""
        self._finish_deletions_and_swaps()
        offsets = self._base_offsets()
        segments: list[LogSegment] = []
        for number, offset in enumerate(offsets):
            unflushed = number + 1 == len(offsets) or offsets[number + 1] > recovery_point
            self._behind = offsets[number + 1 :]
            segments.append(self._open(offset, recover=unflushed and not self._clean))
            if self._cut:
                break
        if segments and segments[-1].read_next_offset() < log_start_offset:
            segments.clear()
            _logger.warning(
                "%s ends before its start at %d and begins anew there.",
                self._directory,
                log_start_offset,
            )
            self._drop(offsets)
        if not segments:
            segments.append(LogSegment(self._directory, log_start_offset, self._config))
        segments[-1].resize_indexes(self._config.segment_index_bytes)
        return segments

    def _open(self, offset: int, *, recover: bool) -> LogSegment:
        self._cut = False
        missing = [
            suffix
            for suffix in (INDEX_FILE_SUFFIX, TIME_INDEX_FILE_SUFFIX)
            if not files.exists(log_file(self._directory, offset, suffix))
        ]
        segment = LogSegment(self._directory, offset, self._config)
        try:
            if not recover and not missing:
                segment.sanity_check()
                return segment
        except CorruptIndexException as reason:
            _logger.warning("%s It is rebuilt.", reason)
        truncated = segment.recover(self._drop_what_is_behind)
        self._cut = truncated > 0
        _logger.info(
            "Recovered %s: %d bytes are sound, %d bytes were cut, indexes rebuilt with %d and %d "
            "entries.",
            segment.log.path,
            segment.size,
            truncated,
            segment.offset_index.entries,
            segment.time_index.entries,
        )
        return segment

    def _drop_what_is_behind(self) -> None:
        # Before the cut and from the last to the first: a kill in between must not leave a gap that
        # the next start, which finds the segment sound, would not see.
        if self._behind:
            _logger.warning(
                "%s: segments from %d on come after a cut and are removed.",
                self._directory,
                self._behind[0],
            )
            self._drop(self._behind[::-1])
            files.force_directory(self._directory)

    def _base_offsets(self) -> list[int]:
        names = files.names(self._directory)
        offsets = {
            offset
            for name in names
            if name.endswith(LOG_FILE_SUFFIX) and (offset := offset_from_file(name)) is not None
        }
        for name in names:
            is_index = name.endswith(_SEGMENT_SUFFIXES[1:])
            if is_index and offset_from_file(name) not in offsets:
                _logger.warning("%s/%s has no log beside it and is removed.", self._directory, name)
                files.delete_if_exists(f"{self._directory}/{name}")
        return sorted(offsets)

    def _finish_deletions_and_swaps(self) -> None:
        names = files.names(self._directory)
        unfinished = [_offset(name) for name in names if name.endswith(CLEANED_FILE_SUFFIX)]
        for name in names:
            if name.endswith(LEFTOVER_SUFFIXES):
                files.delete_if_exists(f"{self._directory}/{name}")
        for name in names:
            if not name.endswith(SWAP_FILE_SUFFIX):
                continue
            # LocalLog renames from the last file to the first, so these are not all there.
            if unfinished and _offset(name) >= min(unfinished):
                files.delete_if_exists(f"{self._directory}/{name}")
            elif name.endswith(LOG_FILE_SUFFIX + SWAP_FILE_SUFFIX):
                self._remove_replaced(name)
        for name in files.names(self._directory):
            if name.endswith(SWAP_FILE_SUFFIX):
                path = f"{self._directory}/{name}"
                files.move(path, path.removesuffix(SWAP_FILE_SUFFIX))
                _logger.info("%s takes the place of what was compacted into it.", path)

    def _remove_replaced(self, name: str) -> None:
        """Removes the segments that begin within a whole ``.log.swap`` file."""
        start = _offset(name)
        end = start + 1
        with contextlib.closing(
            FileRecords.open(f"{self._directory}/{name}", mutable=False)
        ) as records:
            for batch in records.batches():
                end = batch.last_offset + 1
        self._drop([offset for offset in self._base_offsets() if start <= offset < end])

    def _drop(self, offsets: list[int]) -> None:
        for offset in offsets:
            for suffix in _SEGMENT_SUFFIXES:
                files.delete_if_exists(log_file(self._directory, offset, suffix))


def _offset(name: str) -> int:
    return offset_from_file(name) or 0
