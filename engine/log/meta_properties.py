"""Whose data directory this is: ``meta.properties``.

::

    version=1
    cluster.id=p8fFEbKGQ22B6M_Da_vCBw
    node.id=1
    directory.id=...

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: org.apache.kafka.metadata.properties.MetaProperties
"""

from typing import NamedTuple
from uuid import uuid4

from engine.common.errors import KafkaStorageException
from engine.log.partition_metadata_file import uuid_to_text
from engine.nio import files

FILE_NAME = "meta.properties"


class MetaProperties(NamedTuple):
    """A broker's number and its cluster's id."""

    node_id: int
    cluster_id: str

    @classmethod
    def load_or_create(cls, directory: str, node_id: int) -> "MetaProperties":
        """What the directory says, or a new file with a new cluster id.

        KafkaStorageException if the directory belongs to a broker of another number.
        """
        path = f"{directory}/{FILE_NAME}"
        try:
            properties = _parse(files.read_all(path).decode(errors="replace"))
        except FileNotFoundError:
            created = cls(node_id, uuid_to_text(uuid4()))
            created.write(path)
            return created
        # Version 0 is from before KRaft and says broker.id; it may lack a cluster id.
        found = properties.get("node.id", properties.get("broker.id", str(node_id)))
        if found != str(node_id):
            raise KafkaStorageException(
                f"{directory} belongs to broker {found}, and this is broker {node_id}; "
                "give each broker a data directory of its own."
            )
        known = cls(node_id, properties.get("cluster.id") or uuid_to_text(uuid4()))
        if "cluster.id" not in properties:
            known.write(path)
        return known

    def write(self, path: str) -> None:
        """Replaces the file's contents in one step."""
        lines = (
            "version=1",
            f"cluster.id={self.cluster_id}",
            f"node.id={self.node_id}",
            f"directory.id={uuid_to_text(uuid4())}",
            "",
        )
        files.write_atomically(path, "\n".join(lines).encode())


def _parse(text: str) -> dict[str, str]:
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
