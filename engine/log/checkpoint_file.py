"""The form that Kafka's checkpoint files share: version, number of lines, lines.

Kafka: org.apache.kafka.storage.internals.checkpoint.CheckpointFileWithFailureHandler
"""

from collections.abc import Sequence

from engine.common.errors import KafkaStorageException
from engine.nio import files

_VERSION = "0"


def read_checkpoint(path: str) -> list[str]:
    """The lines, none if the file is missing; KafkaStorageException if it is broken."""
    try:
        text = files.read_all(path).decode()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise KafkaStorageException(f"The checkpoint {path} is not text; remove it.") from None
    lines = text.splitlines()
    if not lines:
        return []
    if len(lines) < 2 or lines[0] != _VERSION or lines[1] != str(len(lines) - 2):
        raise KafkaStorageException(
            f"The checkpoint {path} does not say version {_VERSION} and its number of lines; "
            "remove it, and it is written anew."
        )
    return lines[2:]


def write_checkpoint(path: str, lines: Sequence[str]) -> None:
    """Replaces the file's contents in one step."""
    files.write_atomically(path, "\n".join([_VERSION, str(len(lines)), *lines, ""]).encode())
