"""Encoders, put together from a plan: one closure a type, bound to its version when it is made.

A field that the version lacks is left out. Records are handed on as they are, never copied: a
slice of a log file passes through here as an object that knows its size and nothing else.

System calls: none.

Kafka: org.apache.kafka.common.protocol.MessageUtil
"""

import itertools
import operator
import struct
from collections.abc import Callable, Sequence
from typing import Any

from engine.protocol.message_data import UNKNOWN_TAGS, MessageClasses
from engine.protocol.schema_exception import SchemaException
from engine.protocol.send_builder import size_of
from engine.protocol.type_plan import FieldPlan, Kind, StructPlan, TypePlan
from engine.protocol.writable import (
    LengthWriter,
    Sink,
    Writer,
    compact_length,
    int16_length,
    int32_length,
    unsigned_varint,
)


class Encoder:
    """Builds the writers of one message's structs."""

    def __init__(self, classes: MessageClasses) -> None:
        self._classes = classes

    def struct_writer(self, plan: StructPlan) -> Writer:
        """A writer for objects of the struct's class."""
        steps = self._steps(plan)

        def write(message: Any, sink: Sink) -> None:
            for step in steps:
                step(message, sink)

        return write

    def _steps(self, plan: StructPlan) -> list[Writer]:
        steps: list[Writer] = []
        for fixed, run in itertools.groupby(plan.fields, lambda f: f.type.kind is Kind.FIXED):
            if fixed:
                steps.append(_fixed_run(plan.spec.name, list(run)))
            else:
                steps.extend(_attribute(field, self._writer(field.type)) for field in run)
        if plan.flexible:
            steps.append(self._tag_section(plan.tagged))
        return steps

    def _writer(self, plan: TypePlan) -> Writer:
        if plan.kind is Kind.FIXED:
            return _fixed(plan.format, plan.label)
        if plan.kind is Kind.ARRAY:
            return self._array(plan)
        if plan.kind is Kind.STRUCT:
            assert plan.struct is not None
            writer = self.struct_writer(plan.struct)
            return _nullable_struct(writer) if plan.nullable else _present(plan, writer)
        return _string(plan) if plan.kind is Kind.STRING else _sized(plan)

    def _array(self, plan: TypePlan) -> Writer:
        element = plan.element
        assert element is not None
        if element.kind is Kind.FIXED and element.format != "16s":
            return _fixed_array(plan, element.format)
        return _array(plan, self._writer(element))

    def _tag_section(self, tagged: Sequence[FieldPlan]) -> Writer:
        """Writes the fields that differ from their defaults, then those read but not known."""
        fields = [
            (field.spec.tag, operator.attrgetter(field.spec.attribute), self._default(field))
            for field in tagged
        ]
        writers = {field.spec.tag: self._writer(field.type) for field in tagged}

        def write(message: Any, sink: Sink) -> None:
            found: list[tuple[int, bytes]] = []
            for tag, get, default in fields:
                value = get(message)
                if value != default:
                    found.append((tag, _joined(writers[tag], value)))
            found.extend(getattr(message, UNKNOWN_TAGS))
            sink(unsigned_varint(len(found)))
            for tag, encoded in found:
                sink(unsigned_varint(tag) + unsigned_varint(len(encoded)) + encoded)

        return write

    def _default(self, field: FieldPlan) -> Any:
        factory = self._classes.default_factory(field.spec)
        return field.spec.default if factory is None else factory()


def _joined(writer: Writer, value: Any) -> bytes:
    pieces: list[bytes] = []
    writer(value, pieces.append)
    return b"".join(pieces)


def _fixed_run(name: str, fields: Sequence[FieldPlan]) -> Writer:
    names = [field.spec.attribute for field in fields]
    if len(names) == 1:
        return _attribute(fields[0], _fixed(fields[0].type.format, names[0]))
    pack = struct.Struct(">" + "".join(field.type.format for field in fields)).pack
    get = operator.attrgetter(*names)
    uuids = [index for index, field in enumerate(fields) if field.type.format == "16s"]

    def write(message: Any, sink: Sink) -> None:
        values = get(message)
        for index in uuids:
            _check_uuid(values[index], names[index])
        try:
            sink(pack(*values))
        except struct.error as error:
            raise SchemaException(f"{name}: {', '.join(names)} = {values}: {error}") from None

    return write


def _attribute(field: FieldPlan, writer: Writer) -> Writer:
    get = operator.attrgetter(field.spec.attribute)
    return lambda message, sink: writer(get(message), sink)


def _fixed(form: str, label: str) -> Writer:
    pack = struct.Struct(">" + form).pack

    def write(value: Any, sink: Sink) -> None:
        if form == "16s":
            _check_uuid(value, label)
        try:
            sink(pack(value))
        except struct.error as error:
            raise SchemaException(f"{label} = {value!r}: {error}") from None

    return write


def _check_uuid(value: Any, label: str) -> None:
    if not isinstance(value, bytes) or len(value) != 16:
        raise SchemaException(f"{label} must be the 16 bytes of a UUID, not {value!r}")


def _length_writer(plan: TypePlan) -> LengthWriter:
    if plan.compact:
        return compact_length
    return int16_length if plan.kind is Kind.STRING else int32_length


def _null(plan: TypePlan, write_length: LengthWriter) -> bytes:
    if not plan.nullable:
        raise SchemaException(f"{plan.label} must not be null")
    return write_length(-1)


def _string(plan: TypePlan) -> Writer:
    write_length = _length_writer(plan)

    def write(value: Any, sink: Sink) -> None:
        if value is None:
            return sink(_null(plan, write_length))
        try:
            encoded = value.encode()
        except (AttributeError, UnicodeEncodeError):
            raise SchemaException(f"{plan.label} is no text: {value!r}") from None
        if len(encoded) > 0x7FFF:
            raise SchemaException(f"{plan.label} is longer than 32767 bytes: {len(encoded)}")
        return sink(write_length(len(encoded)) + encoded)

    return write


def _sized(plan: TypePlan) -> Writer:
    """Bytes, or records; a run of records is wrapped so that nobody joins it with its neighbours."""
    write_length = _length_writer(plan)
    wrap: Callable[[Any], Any] = memoryview if plan.kind is Kind.RECORDS else bytes

    def write(value: Any, sink: Sink) -> None:
        if value is None:
            return sink(_null(plan, write_length))
        sink(write_length(size_of(value)))
        return sink(wrap(value) if isinstance(value, bytes | bytearray | memoryview) else value)

    return write


def _array(plan: TypePlan, element: Writer) -> Writer:
    write_length = _length_writer(plan)

    def write(values: Any, sink: Sink) -> None:
        if values is None:
            return sink(_null(plan, write_length))
        sink(write_length(len(values)))
        for value in values:
            element(value, sink)
        return None

    return write


def _fixed_array(plan: TypePlan, form: str) -> Writer:
    write_length = _length_writer(plan)

    def write(values: Any, sink: Sink) -> None:
        if values is None:
            return sink(_null(plan, write_length))
        try:
            packed = struct.pack(f">{len(values)}{form}", *values)
        except struct.error as error:
            raise SchemaException(f"{plan.label} = {values!r}: {error}") from None
        return sink(write_length(len(values)) + packed)

    return write


def _present(plan: TypePlan, writer: Writer) -> Writer:
    def write(value: Any, sink: Sink) -> None:
        if value is None:
            raise SchemaException(f"{plan.label} must not be null")
        writer(value, sink)

    return write


def _nullable_struct(writer: Writer) -> Writer:
    """A byte in front says whether the struct is there: 1, or -1 for null (KIP-893)."""

    def write(value: Any, sink: Sink) -> None:
        if value is None:
            return sink(b"\xff")
        sink(b"\x01")
        return writer(value, sink)

    return write
