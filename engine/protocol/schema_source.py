"""Where the schemas come from: the JSON files that kafka-python carries, and what those lack.

Kafka 4 dropped the oldest versions of some requests (KIP-896), and kafka-python ships Kafka 4's
schemas. Clients that this broker serves still look for those versions in the announced ranges.
The fields of the dropped versions are still described in the files, so that only the lower end of
the valid versions has to be put back.

System calls: ``openat``/``read`` of one small file the first time a message is named.

Kafka: none, because Kafka turns its schemas into classes when it is built
"""

import importlib.util
import json
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable, TraversableResources
from types import MappingProxyType
from typing import Any

from engine.protocol.message_spec import MessageSpec

_COMMENT = re.compile(r"(?m)^\s*//.*$")
_HERE = ("protocol", "schemas", "resources")

# Message stem -> the oldest version that its schema file still describes completely.
_OLDEST: Mapping[str, int] = MappingProxyType(
    {
        "CreateTopics": 0,
        "DeleteTopics": 0,
        "DescribeConfigs": 0,
        "OffsetCommit": 1,
        "Produce": 0,
    }
)


def load_spec(name: str) -> MessageSpec:
    """The spec of a message such as ``FetchRequest``; KeyError if there is none."""
    file = _folder().joinpath(f"{name}.json")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyError(name) from None
    return MessageSpec.parse(_completed(json.loads(_COMMENT.sub("", text))))


def message_names() -> list[str]:
    """Every message that has a schema."""
    names = (file.name for file in _folder().iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def _folder() -> Traversable:
    """The folder of schemas, found without importing the client library around it."""
    spec = importlib.util.find_spec("kafka")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("kafka-python is missing: pip install kafka-python")
    reader: TraversableResources = spec.loader.get_resource_reader("kafka")  # type: ignore[attr-defined]  # optional in the ABC
    return reader.files().joinpath(*_HERE)


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    stem = schema["name"].removesuffix("Request").removesuffix("Response")
    if stem in _OLDEST:
        newest = schema["validVersions"].rpartition("-")[2]
        schema["validVersions"] = f"{_OLDEST[stem]}-{newest}"
    return schema
