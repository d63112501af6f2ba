"""Records of ``__consumer_offsets`` as JSON, the way ``dump-log --offsets-decoder`` shows them.

::

    key    int16 type | 0, 1: string group, string topic, int32 partition | 2: string group
    value  int16 version | an offset (types 0, 1), or a group with its members (type 2)

Members of a group of consumers carry a subscription and an assignment, which are unpacked too;
other bytes are shown in base64. From value version 4 on lengths are varints (KIP-915).

System calls: none.

Kafka: kafka.tools.DumpLogSegments
"""

import base64
import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from engine.common.byte_utils import read_varint
from engine.common.errors import CorruptRecordException
from engine.record.default_record import Bytes, DefaultRecord

_INT16, _INT32, _INT64 = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")
_LAST_VERSION = 99


class _Field(NamedTuple):
    name: str
    read: Callable[["_Reader"], Any]
    first: int = 0
    last: int = _LAST_VERSION


Schema = tuple[_Field, ...]


class _Reader:
    def __init__(self, data: bytes, version: int, *, flexible: bool) -> None:
        self._data = memoryview(data)
        self._position = 0
        self.version = version
        self.flexible = flexible

    def number(self, kind: struct.Struct) -> int:
        return int(kind.unpack(self._take(kind.size))[0])

    def string(self) -> str | None:
        data = self._take_sized(_INT16)
        return None if data is None else str(data, "utf-8", "replace")

    def binary(self) -> bytes | None:
        data = self._take_sized(_INT32)
        return None if data is None else bytes(data)

    def array(self, read: Callable[["_Reader"], Any]) -> list[Any] | None:
        count = self._length(_INT32)
        if count is None:
            return None
        # Nothing in these records takes less than a byte.
        if count > len(self._data) - self._position:
            raise CorruptRecordException(f"{count} elements are claimed behind the record's end")
        return [read(self) for _ in range(count)]

    def structure(self, schema: Schema) -> dict[str, Any]:
        fields = [field for field in schema if field.first <= self.version <= field.last]
        found = {field.name: field.read(self) for field in fields}
        if self.flexible:
            for _ in range(self._varint()):
                self._varint()
                self._take(self._varint())
        return found

    def _take_sized(self, kind: struct.Struct) -> memoryview | None:
        length = self._length(kind)
        return None if length is None else self._take(length)

    def _length(self, kind: struct.Struct) -> int | None:
        length = self._varint() - 1 if self.flexible else self.number(kind)
        return None if length < 0 else length

    def _varint(self) -> int:
        signed, self._position = read_varint(self._data, self._position)
        # The same bytes read without zigzag.
        return signed << 1 if signed >= 0 else (-signed << 1) - 1

    def _take(self, count: int) -> memoryview:
        end = self._position + count
        if count < 0 or end > len(self._data):
            raise CorruptRecordException("the record is cut")
        taken = self._data[self._position : end]
        self._position = end
        return taken


def _int32(reader: _Reader) -> int:
    return reader.number(_INT32)


def _int64(reader: _Reader) -> int:
    return reader.number(_INT64)


def _array(of: Callable[[_Reader], Any]) -> Callable[[_Reader], Any]:
    return lambda reader: reader.array(of)


def _struct(schema: Schema) -> Callable[[_Reader], Any]:
    return lambda reader: reader.structure(schema)


_string, _bytes = _Reader.string, _Reader.binary

_OFFSET_KEY: Schema = (
    _Field("group", _string),
    _Field("topic", _string),
    _Field("partition", _int32),
)
_GROUP_KEY: Schema = (_Field("group", _string),)
_OFFSET_VALUE: Schema = (
    _Field("offset", _int64),
    _Field("leaderEpoch", _int32, 3),
    _Field("metadata", _string),
    _Field("commitTimestamp", _int64),
    _Field("expireTimestamp", _int64, 1, 1),
)
_MEMBER: Schema = (
    _Field("memberId", _string),
    _Field("groupInstanceId", _string, 3),
    _Field("clientId", _string),
    _Field("clientHost", _string),
    _Field("rebalanceTimeout", _int32, 1),
    _Field("sessionTimeout", _int32),
    _Field("subscription", _bytes),
    _Field("assignment", _bytes),
)
_GROUP_VALUE: Schema = (
    _Field("protocolType", _string),
    _Field("generation", _int32),
    _Field("protocol", _string),
    _Field("leader", _string),
    _Field("currentStateTimestamp", _int64, 2),
    _Field("members", _array(_struct(_MEMBER))),
)
_PARTITIONS: Schema = (_Field("topic", _string), _Field("partitions", _array(_int32)))
_SUBSCRIPTION: Schema = (
    _Field("topics", _array(_string)),
    _Field("userData", _bytes),
    _Field("ownedPartitions", _array(_struct(_PARTITIONS)), 1),
    _Field("generationId", _int32, 2),
    _Field("rackId", _string, 3),
)
_ASSIGNMENT: Schema = (
    _Field("assignedPartitions", _array(_struct(_PARTITIONS))),
    _Field("userData", _bytes),
)
# By the type in the key: the key's fields, the value's fields.
_TYPES: dict[int, tuple[Schema, Schema]] = {
    0: (_OFFSET_KEY, _OFFSET_VALUE),
    1: (_OFFSET_KEY, _OFFSET_VALUE),
    2: (_GROUP_KEY, _GROUP_VALUE),
}
_LAST_VALUE_VERSION = 4


def parse_offsets_record(record: DefaultRecord) -> tuple[str | None, str | None]:
    """Key and value as text; a record that cannot be read gives a sentence in the key's place."""
    if record.key is None:
        return f"Error at offset {record.offset}, skipping. The record has no key.", None
    try:
        kind, body = _split(record.key)
        if kind not in _TYPES:
            return f"Unknown record type {kind} at offset {record.offset}, skipping.", None
        key_schema, value_schema = _TYPES[kind]
        data = _Reader(body, kind, flexible=False).structure(key_schema)
        key = _json({"type": str(kind), "data": data})
        return key, "<DELETE>" if record.value is None else _value(record.value, value_schema)
    except CorruptRecordException as reason:
        return f"Error at offset {record.offset}, skipping. {reason}", None


def _value(value: Bytes, schema: Schema) -> str:
    version, body = _split(value)
    if not 0 <= version <= _LAST_VALUE_VERSION:
        raise CorruptRecordException(f"version {version} of the value is not known")
    reader = _Reader(body, version, flexible=version == _LAST_VALUE_VERSION)
    data = reader.structure(schema)
    if data.get("protocolType") == "consumer":
        for member in data["members"] or ():
            member["subscription"] = _embedded(member["subscription"], _SUBSCRIPTION)
            member["assignment"] = _embedded(member["assignment"], _ASSIGNMENT)
    return _json({"version": str(version), "data": data})


def _embedded(data: bytes | None, schema: Schema) -> object:
    # What is not in the consumers' own format stays as it is: any client may put anything there.
    try:
        version, body = _split(data or b"")
        return _Reader(body, version, flexible=False).structure(schema)
    except CorruptRecordException:
        return data


def _split(data: Bytes) -> tuple[int, bytes]:
    if len(data) < _INT16.size:
        raise CorruptRecordException("the record is cut")
    return int(_INT16.unpack_from(data)[0]), bytes(data[_INT16.size :])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_base64)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
