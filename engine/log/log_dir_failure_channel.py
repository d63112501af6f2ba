"""Takes a log offline when its device fails, and keeps everybody away from it from then on.

In Kafka any IOException of a log puts its whole log directory offline: every partition in it
answers KAFKA_STORAGE_ERROR, and a broker whose last directory has gone halts. This engine has one
directory, so by that rule one bad block would end the broker. Here only the partition whose file
failed goes offline; the others go on for as long as the disk serves them. A disk that is full is
not broken: what did not fit is refused, and the log stays as it was.

After a failed fsync the kernel may have dropped the pages it could not write and called them clean
(fsync(2)), so that a second fsync would succeed for nothing. A log is therefore never flushed again
once a flush has failed, and a restart checks it from its last recovery point.

System calls: none.

Kafka: org.apache.kafka.storage.internals.log.LogDirFailureChannel
"""

import contextlib
import errno
import logging
from collections.abc import Iterator

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition

_logger = logging.getLogger(__name__)
_DEVICE_FAILURES = {errno.EIO, errno.EROFS, errno.ENXIO, errno.ENODEV, errno.EUCLEAN}


class LogDirFailureChannel:
    """Whether one partition's files can be relied on; ``reason`` says why not, in one sentence."""

    def __init__(self, topic_partition: TopicPartition) -> None:
        self._topic_partition = topic_partition
        self.reason: str | None = None

    @property
    def is_offline(self) -> bool:
        """Whether the device has failed; it stays so until the broker is started again."""
        return self.reason is not None

    def check_online(self) -> None:
        """Raises KafkaStorageException if the log is offline."""
        if self.reason is not None:
            raise KafkaStorageException(self.reason)

    @contextlib.contextmanager
    def handling(self, verb: str, *, flushing: bool = False) -> Iterator[None]:
        """Turns the disk's refusals into KafkaStorageException, offline if the device failed.

        With ``flushing`` every refusal counts as that. ``verb`` names the work in the log's words.
        """
        self.check_online()
        try:
            yield
        except KafkaStorageException as refusal:
            if isinstance(refusal.__cause__, OSError):
                self._judge(verb, refusal.__cause__, flushing=flushing)
            raise
        except OSError as failure:
            self._judge(verb, failure, flushing=flushing)
            raise KafkaStorageException(
                f"Cannot {verb} {self._topic_partition}: {failure.strerror}."
            ) from failure

    def _judge(self, verb: str, failure: OSError, *, flushing: bool) -> None:
        if self.is_offline or not (flushing or failure.errno in _DEVICE_FAILURES):
            return
        self.reason = (
            f"{self._topic_partition} is offline: cannot {verb} it ({failure.strerror}). "
            "Check the disk, then start the broker again."
        )
        _logger.error("%s", self.reason)
