"""Decoders, put together from a plan: one closure a type, bound to its version when it is made.

A decoder for a struct gathers the values in the order of the wire, runs of fixed size in one step,
and hands them to the struct's class. Records stay a memoryview of the frame: a copy in user space
would be invisible to every probe of the kernel, and the picture of the produce path would lie.

System calls: none.

Kafka: org.apache.kafka.common.protocol.ByteBufferAccessor
"""

import itertools
import operator
import struct
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from engine.protocol.message_data import UNKNOWN_TAGS, MessageClasses
from engine.protocol.readable import (
    LengthReader,
    Reader,
    end_of,
    read_compact_length,
    read_int16_length,
    read_int32_length,
    read_unsigned_varint,
)
from engine.protocol.schema_exception import SchemaException
from engine.protocol.type_plan import FieldPlan, Kind, StructPlan, TypePlan

Step: TypeAlias = Callable[[memoryview, int, list[Any]], int]
Factory: TypeAlias = Callable[[], Any]


class Decoder:
    """Builds the readers of one message's structs."""

    def __init__(self, classes: MessageClasses) -> None:
        self._classes = classes

    def struct_reader(self, plan: StructPlan) -> Reader:
        """A reader that returns an object of the struct's class."""
        make = self._classes.of(plan.spec)
        shared, fresh, absent = self._absent_defaults(plan)
        steps = self._steps(plan)
        order = _constructor_order(plan, absent)

        def read(frame: memoryview, position: int) -> tuple[Any, int]:
            values = [*shared, *(factory() for factory in fresh)] if fresh else [*shared]
            for step in steps:
                position = step(frame, position, values)
            return make(*order(values)), position

        return read

    def _absent_defaults(self, plan: StructPlan) -> tuple[list[Any], list[Factory], list[str]]:
        """Defaults of fields this version lacks: those to share, those to make, all their names."""
        pairs = [(field, self._classes.default_factory(field)) for field in plan.absent]
        shared = [field for field, factory in pairs if factory is None]
        fresh = [(field, factory) for field, factory in pairs if factory is not None]
        names = [field.attribute for field in [*shared, *(field for field, _ in fresh)]]
        return [field.default for field in shared], [factory for _, factory in fresh], names

    def _steps(self, plan: StructPlan) -> list[Step]:
        steps: list[Step] = []
        for fixed, run in itertools.groupby(plan.fields, lambda f: f.type.kind is Kind.FIXED):
            if fixed:
                steps.append(_fixed_run("".join(field.type.format for field in run)))
            else:
                steps.extend(_one(self._reader(field.type)) for field in run)
        steps.append(self._tag_section(plan.tagged) if plan.flexible else _no_tag_section)
        return steps

    def _reader(self, plan: TypePlan) -> Reader:
        if plan.kind is Kind.FIXED:
            return _fixed(plan.format)
        if plan.kind is Kind.ARRAY:
            return self._array(plan)
        if plan.kind is Kind.STRUCT:
            assert plan.struct is not None
            reader = self.struct_reader(plan.struct)
            return _nullable_struct(reader) if plan.nullable else reader
        return _LENGTH_PREFIXED[plan.kind](plan, _length_reader(plan))

    def _array(self, plan: TypePlan) -> Reader:
        element = plan.element
        assert element is not None
        if element.kind is Kind.FIXED and element.format != "16s":
            return _fixed_array(plan, element.format)
        return _array(plan, self._reader(element), max(element.smallest, 1))

    def _tag_section(self, tagged: Sequence[FieldPlan]) -> Step:
        readers = {field.spec.tag: self._reader(field.type) for field in tagged}
        defaults = {field.spec.tag: self._default_maker(field) for field in tagged}

        def step(frame: memoryview, position: int, values: list[Any]) -> int:
            found, unknown, position = _read_tags(readers, frame, position)
            values.extend(found[tag] if tag in found else defaults[tag]() for tag in defaults)
            values.append(unknown)
            return position

        return step

    def _default_maker(self, field: FieldPlan) -> Factory:
        return self._classes.default_factory(field.spec) or (lambda: field.spec.default)


def _constructor_order(plan: StructPlan, absent: list[str]) -> Callable[[list[Any]], Sequence[Any]]:
    """From the order in which values are gathered to the order of the class's parameters."""
    gathered = [*absent, *(field.spec.attribute for field in (*plan.fields, *plan.tagged))]
    wanted = [field.attribute for field in plan.spec.fields]
    if gathered == wanted:
        return lambda values: values
    positions = {name: index for index, name in enumerate([*gathered, UNKNOWN_TAGS])}
    return operator.itemgetter(*(positions[name] for name in [*wanted, UNKNOWN_TAGS]))


def _no_tag_section(_frame: memoryview, position: int, values: list[Any]) -> int:
    values.append(())
    return position


def _read_tags(
    readers: dict[int, Reader], frame: memoryview, position: int
) -> tuple[dict[int, Any], Sequence[tuple[int, bytes]], int]:
    """The tagged fields at ``position``: values by known tag, bytes of unknown ones, the end."""
    found: dict[int, Any] = {}
    unknown: list[tuple[int, bytes]] = []
    count, position = read_unsigned_varint(frame, position)
    for _ in range(count):
        tag, position = read_unsigned_varint(frame, position)
        size, position = read_unsigned_varint(frame, position)
        end = end_of(frame, position, size, f"tagged field {tag}")
        if tag in readers:
            found[tag], position = readers[tag](frame[:end], position)
        else:
            unknown.append((tag, bytes(frame[position:end])))
            position = end
        if position != end:
            raise SchemaException(f"tagged field {tag} is shorter than its size says")
    return found, tuple(unknown), position


def _one(reader: Reader) -> Step:
    def step(frame: memoryview, position: int, values: list[Any]) -> int:
        value, position = reader(frame, position)
        values.append(value)
        return position

    return step


def _fixed_run(formats: str) -> Step:
    layout = struct.Struct(">" + formats)
    unpack, size = layout.unpack_from, layout.size

    def step(frame: memoryview, position: int, values: list[Any]) -> int:
        values.extend(unpack(frame, position))
        return position + size

    return step


def _fixed(form: str) -> Reader:
    layout = struct.Struct(">" + form)
    unpack, size = layout.unpack_from, layout.size
    return lambda frame, position: (unpack(frame, position)[0], position + size)


def _length_reader(plan: TypePlan) -> LengthReader:
    if plan.compact:
        return read_compact_length
    return read_int16_length if plan.kind is Kind.STRING else read_int32_length


def _null(plan: TypePlan) -> Any:
    if not plan.nullable:
        raise SchemaException(f"{plan.label} must not be null")
    return None


def _string(plan: TypePlan, read_length: LengthReader) -> Reader:
    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        length, position = read_length(frame, position)
        if length < 0:
            return _null(plan), position
        end = end_of(frame, position, length, plan.label)
        return str(frame[position:end], "utf-8"), end

    return read


def _bytes(plan: TypePlan, read_length: LengthReader) -> Reader:
    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        length, position = read_length(frame, position)
        if length < 0:
            return _null(plan), position
        end = end_of(frame, position, length, plan.label)
        return bytes(frame[position:end]), end

    return read


def _records(plan: TypePlan, read_length: LengthReader) -> Reader:
    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        length, position = read_length(frame, position)
        if length < 0:
            return _null(plan), position
        end = end_of(frame, position, length, plan.label)
        return frame[position:end], end

    return read


_LENGTH_PREFIXED: dict[Kind, Callable[[TypePlan, LengthReader], Reader]] = {
    Kind.STRING: _string,
    Kind.BYTES: _bytes,
    Kind.RECORDS: _records,
}


def _array(plan: TypePlan, element: Reader, smallest: int) -> Reader:
    read_length = _length_reader(plan)

    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        count, position = read_length(frame, position)
        if count < 0:
            return _null(plan), position
        end_of(frame, position, count * smallest, plan.label)
        items = []
        for _ in range(count):
            item, position = element(frame, position)
            items.append(item)
        return items, position

    return read


def _fixed_array(plan: TypePlan, form: str) -> Reader:
    read_length = _length_reader(plan)
    size = struct.calcsize(">" + form)

    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        count, position = read_length(frame, position)
        if count < 0:
            return _null(plan), position
        end = end_of(frame, position, count * size, plan.label)
        return list(struct.unpack_from(f">{count}{form}", frame, position)), end

    return read


def _nullable_struct(reader: Reader) -> Reader:
    """A byte in front says whether the struct is there: 1, or -1 for null (KIP-893)."""

    def read(frame: memoryview, position: int) -> tuple[Any, int]:
        if frame[position] >= 0x80:
            return None, position + 1
        return reader(frame, position + 1)

    return read
