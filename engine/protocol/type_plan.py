"""A message's schema narrowed to one version: what really is on the wire, field by field.

System calls: none.

Kafka: org.apache.kafka.common.protocol.types.Schema
"""

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.protocol.message_spec import FieldSpec, MessageSpec, StructSpec

# Kafka's type -> the struct module's letter; all big-endian.
FIXED_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "bool": "?",
        "int8": "b",
        "int16": "h",
        "uint16": "H",
        "int32": "i",
        "uint32": "I",
        "int64": "q",
        "float64": "d",
        "uuid": "16s",
    }
)


class Kind(enum.Enum):
    """How a value is laid out."""

    FIXED = enum.auto()
    STRING = enum.auto()
    BYTES = enum.auto()
    RECORDS = enum.auto()
    STRUCT = enum.auto()
    ARRAY = enum.auto()


_KINDS = {"string": Kind.STRING, "bytes": Kind.BYTES, "records": Kind.RECORDS}


@dataclass(frozen=True, slots=True)
class TypePlan:
    """One type at one version; ``format`` is set for FIXED, ``element`` for ARRAY."""

    kind: Kind
    label: str
    nullable: bool = False
    compact: bool = False
    format: str = ""
    element: "TypePlan | None" = None
    struct: "StructPlan | None" = None

    @property
    def smallest(self) -> int:
        """The fewest bytes that a value takes."""
        if self.kind is Kind.FIXED:
            return struct.calcsize(">" + self.format)
        if self.kind is Kind.STRUCT:
            assert self.struct is not None
            return 1 if self.nullable else self.struct.smallest
        if self.compact:
            return 1
        return 2 if self.kind is Kind.STRING else 4


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field that this version has."""

    spec: FieldSpec
    type: TypePlan


@dataclass(frozen=True, slots=True)
class StructPlan:
    """A struct at one version: fields in order, tagged fields by tag, and fields it lacks."""

    spec: StructSpec
    flexible: bool
    fields: tuple[FieldPlan, ...]
    tagged: tuple[FieldPlan, ...]
    absent: tuple[FieldSpec, ...]

    @property
    def smallest(self) -> int:
        """The fewest bytes that the struct takes."""
        return sum(field.type.smallest for field in self.fields) + int(self.flexible)


def plan_message(spec: MessageSpec, version: int) -> StructPlan:
    """What ``spec`` puts on the wire at ``version``, which must be a valid one."""
    return _Planner(version, flexible=version in spec.flexible).struct(spec.root)


class _Planner:
    """Carries the version down through the structs."""

    def __init__(self, version: int, *, flexible: bool) -> None:
        self._version = version
        self._flexible = flexible

    def struct(self, spec: StructSpec) -> StructPlan:
        present = [field for field in spec.fields if self._version in field.versions]
        tagged = [field for field in present if self._is_tagged(field)]
        return StructPlan(
            spec=spec,
            flexible=self._flexible,
            fields=tuple(self._field(field) for field in present if field not in tagged),
            tagged=tuple(self._field(field) for field in sorted(tagged, key=lambda f: f.tag)),
            absent=tuple(field for field in spec.fields if field not in present),
        )

    def _is_tagged(self, field: FieldSpec) -> bool:
        return field.tag >= 0 and self._version in field.tagged

    def _field(self, field: FieldSpec) -> FieldPlan:
        return FieldPlan(field, self._type(field))

    def _type(self, field: FieldSpec) -> TypePlan:
        compact = self._flexible and (field.flexible is None or self._version in field.flexible)
        nullable = self._version in field.nullable
        if not field.is_array:
            return self._single(field, nullable=nullable, compact=compact)
        element = self._single(field, nullable=False, compact=compact)
        return TypePlan(Kind.ARRAY, field.name, nullable, compact, element=element)

    def _single(self, field: FieldSpec, *, nullable: bool, compact: bool) -> TypePlan:
        name = field.element_type
        if field.struct is not None:
            plan = self.struct(field.struct)
            return TypePlan(Kind.STRUCT, field.name, nullable, compact, struct=plan)
        if name in _KINDS:
            return TypePlan(_KINDS[name], field.name, nullable, compact)
        return TypePlan(Kind.FIXED, field.name, format=FIXED_FORMATS[name])
