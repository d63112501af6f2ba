"""How segments leave a log and how compacted ones take their place, so that a kill harms nothing.

::

    delete    .log -> .log.deleted              and unlinked file.delete.delay.ms later
    replace   .log.cleaned -> .log.swap         from here on the new ones count
              .log (old) -> .log.deleted
              .log.swap -> .log

What a kill leaves of this, LogLoader finishes: ``.deleted`` and ``.cleaned`` go, ``.swap`` takes
the place of what it stands for.

System calls: ``rename`` of three files a segment, ``fsync`` of the directory, later ``unlink``.

Kafka: kafka.log.LocalLog
"""

import logging
from collections.abc import Sequence

from engine.common.kafka_scheduler import KafkaScheduler
from engine.log.log_file_utils import (
    CLEANED_FILE_SUFFIX,
    DELETED_FILE_SUFFIX,
    SWAP_FILE_SUFFIX,
)
from engine.log.log_segment import LogSegment
from engine.nio import files

_logger = logging.getLogger(__name__)


def delete_segment_files(
    segments: Sequence[LogSegment], scheduler: KafkaScheduler | None, delay_ms: int
) -> None:
    """Renames the files and removes them after the delay; without a scheduler at once.

    Who still reads from them has that long; a slice on its way to a socket has as long as it takes.
    """
    for segment in segments:
        segment.change_file_suffixes("", DELETED_FILE_SUFFIX)

    def remove() -> None:
        for segment in segments:
            _logger.info("Deleting segment files %s.", segment.log.path)
            segment.delete_if_exists()

    if scheduler is None:
        remove()
    else:
        scheduler.schedule_once("delete-file", remove, delay_ms)


def prepare_swap(directory: str, cleaned: Sequence[LogSegment]) -> None:
    """Gives flushed ``.cleaned`` segments the names by which they count after a kill."""
    # From the last to the first: where a .cleaned file is left, the .swap files at or behind it
    # are not whole and LogLoader drops them.
    for segment in reversed(cleaned):
        segment.change_file_suffixes(CLEANED_FILE_SUFFIX, SWAP_FILE_SUFFIX)
    files.force_directory(directory)


def finish_swap(directory: str, swapped: Sequence[LogSegment]) -> None:
    """Gives ``.swap`` segments their final names, once the old segments have lost theirs."""
    for segment in swapped:
        segment.change_file_suffixes(SWAP_FILE_SUFFIX, "")
    files.force_directory(directory)
