"""The mark that a broker stopped in order: ``.kafka_cleanshutdown``.

It is written last when stopping and removed first when starting. If it is missing, the logs were
not closed, and what came after the recovery point is checked batch by batch.

System calls: ``stat``, ``unlink``, those of ``files.write_atomically``.

Kafka: org.apache.kafka.storage.internals.checkpoint.CleanShutdownFileHandler
"""

from engine.nio import files

CLEAN_SHUTDOWN_FILE_NAME = ".kafka_cleanshutdown"


class CleanShutdownFileHandler:
    """The mark of one data directory."""

    def __init__(self, directory: str) -> None:
        self.path = f"{directory}/{CLEAN_SHUTDOWN_FILE_NAME}"

    def write(self) -> None:
        """Sets the mark; the epoch in it is a controller's and unknown to a single broker."""
        files.write_atomically(self.path, b'{"version":0,"brokerEpoch":-1}')

    def exists(self) -> bool:
        """Whether the mark is set."""
        return files.exists(self.path)

    def delete(self) -> None:
        """Removes the mark, if it is set, for good."""
        if files.delete_if_exists(self.path):
            files.force_directory(self.path.rpartition("/")[0])
