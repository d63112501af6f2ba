"""The topic id of a partition's directory: ``partition.metadata``.

::

    version: 0
    topic_id: gwLP1yHhRN2cJ1WBGLBSZQ      16 bytes, base64 for URLs, without padding

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile
"""

import base64
import binascii
from uuid import UUID

from engine.common.errors import KafkaStorageException
from engine.nio import files

FILE_NAME = "partition.metadata"
_KEY = "topic_id:"


def uuid_to_text(identity: UUID) -> str:
    """Kafka's text of an id: 22 characters."""
    return base64.urlsafe_b64encode(identity.bytes).decode().rstrip("=")


def uuid_from_text(text: str) -> UUID:
    """The id of 22 characters; ValueError if they are not one."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error as broken:
        raise ValueError(str(broken)) from None


class PartitionMetadataFile:
    """One partition's file."""

    def __init__(self, directory: str) -> None:
        self.path = f"{directory}/{FILE_NAME}"

    def maybe_read(self) -> UUID | None:
        """The topic id, None if there is no file; KafkaStorageException if it is broken."""
        try:
            lines = files.read_all(self.path).decode(errors="replace").splitlines()
        except FileNotFoundError:
            return None
        try:
            (text,) = (line[len(_KEY) :].strip() for line in lines if line.startswith(_KEY))
            return uuid_from_text(text)
        except ValueError:
            raise KafkaStorageException(f"{self.path} holds no topic id.") from None

    def write(self, topic_id: UUID) -> None:
        """Replaces the file's contents in one step."""
        text = f"version: 0\n{_KEY} {uuid_to_text(topic_id)}\n"
        files.write_atomically(self.path, text.encode())
