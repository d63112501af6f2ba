"""What one message of the protocol looks like over all its versions.

A schema is Kafka's JSON: a message has fields, a field has a type and the versions it exists in.

    {"name": "FetchRequest", "validVersions": "4-18", "flexibleVersions": "12+", "fields": [
        {"name": "MaxBytes", "type": "int32", "versions": "3+", "default": "0x7fffffff"},
        {"name": "Topics", "type": "[]FetchTopic", "versions": "0+", "fields": [...]}, ...]}

Kafka: none, because Kafka's own (o.a.k.message.MessageSpec) runs when Kafka is built, not in a broker
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.protocol.versions import VersionRange

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEFAULTS: Mapping[str, Any] = {
    "bool": False,
    "string": "",
    "bytes": b"",
    "records": None,
    "uuid": bytes(16),
    "float64": 0.0,
}


@dataclass(frozen=True, slots=True)
class StructSpec:
    """A named group of fields."""

    name: str
    fields: "tuple[FieldSpec, ...]"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: its type and the versions that have it, have it nullable, and have it tagged."""

    name: str
    type: str
    versions: VersionRange
    nullable: VersionRange
    tagged: VersionRange
    tag: int
    flexible: VersionRange | None
    default: Any
    struct: StructSpec | None

    @property
    def attribute(self) -> str:
        """The Python name: ``TimeoutMs`` is ``timeout_ms``."""
        return _WORD_START.sub("_", self.name).lower()

    @property
    def is_array(self) -> bool:
        """Whether the type is ``[]...``."""
        return self.type.startswith("[]")

    @property
    def element_type(self) -> str:
        """The type without ``[]``."""
        return self.type.removeprefix("[]")


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A request, response or header."""

    root: StructSpec
    versions: VersionRange
    flexible: VersionRange

    @classmethod
    def parse(cls, schema: Mapping[str, Any]) -> "MessageSpec":
        """Reads a schema as Kafka writes it."""
        common = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", ())}
        parser = _StructParser(common)
        return cls(
            root=parser.struct(schema["name"], schema["fields"]),
            versions=VersionRange.parse(schema["validVersions"]),
            flexible=VersionRange.parse(schema["flexibleVersions"]),
        )


class _StructParser:
    """Reads structs; a common struct becomes one object however often it is named."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = common
        self._known: dict[str, StructSpec] = {}

    def struct(self, name: str, fields: list[Mapping[str, Any]]) -> StructSpec:
        return StructSpec(name, tuple(self._field(field) for field in fields))

    def _field(self, field: Mapping[str, Any]) -> FieldSpec:
        flexible = field.get("flexibleVersions")
        return FieldSpec(
            name=field["name"],
            type=field["type"],
            versions=VersionRange.parse(field["versions"]),
            nullable=VersionRange.parse(field.get("nullableVersions")),
            tagged=VersionRange.parse(field.get("taggedVersions")),
            tag=field.get("tag", -1),
            flexible=None if flexible is None else VersionRange.parse(flexible),
            default=_default(field),
            struct=self._struct_of(field),
        )

    def _struct_of(self, field: Mapping[str, Any]) -> StructSpec | None:
        name = field["type"].removeprefix("[]")
        if not name[0].isupper():
            return None
        if name not in self._known:
            self._known[name] = self.struct(name, field.get("fields") or self._common[name])
        return self._known[name]


def _default(field: Mapping[str, Any]) -> Any:
    """The default as a Python value; for arrays and structs None or, where empty, ``...``."""
    kind, text = field["type"], field.get("default")
    if text == "null":
        return None
    if kind.startswith("[]") or kind[0].isupper():
        return ...
    if text is None:
        return _DEFAULTS.get(kind, 0)
    if kind == "bool":
        return str(text).lower() == "true"
    if kind == "float64":
        return float(text)
    return text if kind == "string" else int(str(text), 0)
