"""The names of files and directories in a data directory.

::

    data-dir/  topic-partition/  00000000000000000000.log .index .timeindex .txnindex .snapshot
                                 leader-epoch-checkpoint  partition.metadata
               recovery-point-offset-checkpoint  replication-offset-checkpoint
               log-start-offset-checkpoint  meta.properties  .lock  .kafka_cleanshutdown

Kafka: org.apache.kafka.storage.internals.log.LogFileUtils
"""

from typing import Final

from engine.common.topic_partition import TopicPartition

LOG_FILE_SUFFIX: Final = ".log"
INDEX_FILE_SUFFIX: Final = ".index"
TIME_INDEX_FILE_SUFFIX: Final = ".timeindex"
TXN_INDEX_FILE_SUFFIX: Final = ".txnindex"
PRODUCER_SNAPSHOT_FILE_SUFFIX: Final = ".snapshot"
DELETED_FILE_SUFFIX: Final = ".deleted"
CLEANED_FILE_SUFFIX: Final = ".cleaned"
SWAP_FILE_SUFFIX: Final = ".swap"
DELETE_DIR_SUFFIX: Final = "-delete"
# What a stop in the middle of something may leave behind; none of it is part of a log.
LEFTOVER_SUFFIXES: Final = (DELETED_FILE_SUFFIX, CLEANED_FILE_SUFFIX, ".tmp")
_DIGITS: Final = 20


def filename_prefix(offset: int) -> str:
    """A base offset as files are named by it: 20 digits."""
    return f"{offset:0{_DIGITS}}"


def log_file(directory: str, offset: int, suffix: str = LOG_FILE_SUFFIX) -> str:
    """The path of a segment's file."""
    return f"{directory}/{filename_prefix(offset)}{suffix}"


def offset_from_file(name: str) -> int | None:
    """The base offset in a file's name, or None if there is none."""
    prefix = name.rpartition("/")[2].partition(".")[0]
    return int(prefix) if prefix.isascii() and prefix.isdigit() else None


def parse_topic_partition(directory_name: str) -> TopicPartition | None:
    """The partition that a directory's name stands for, or None if it is not one."""
    topic, dash, partition = directory_name.rpartition("-")
    if not (dash and topic and partition.isascii() and partition.isdigit()):
        return None
    return TopicPartition(topic, int(partition))
