"""The classes whose objects are messages: one a struct, with the fields of every version.

``FetchRequest.FetchTopic`` is the struct of that name inside the message, as in Kafka's
``FetchRequestData.FetchTopic``. Attributes are Kafka's names in snake_case.

System calls: none.

Kafka: org.apache.kafka.common.protocol.Message
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from engine.protocol.message_spec import FieldSpec, StructSpec

UNKNOWN_TAGS = "unknown_tagged_fields"


class MessageData:
    """What the classes of all structs share; two are equal if all their fields are."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _names(self))

    __hash__ = None  # type: ignore[assignment]  # a message changes while it is put together

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in _names(self))
        return f"{type(self).__name__}({fields})"


def _names(message: MessageData) -> list[str]:
    return [field.name for field in dataclasses.fields(message)]  # type: ignore[arg-type]  # every subclass is a dataclass


class MessageClasses:
    """The classes of one message, by the struct they stand for."""

    def __init__(self, root: StructSpec) -> None:
        self._classes: dict[str, type[MessageData]] = {}
        self.root = self.of(root)
        for name, nested in self._classes.items():
            if nested is not self.root:
                setattr(self.root, name, nested)

    def of(self, struct: StructSpec) -> type[MessageData]:
        """The class of a struct, made on first use."""
        if struct.name not in self._classes:
            self._classes[struct.name] = self._make(struct)
        return self._classes[struct.name]

    def default_factory(self, field: FieldSpec) -> Callable[[], Any] | None:
        """What makes a fresh default, or None if ``field.default`` itself can be shared."""
        if field.default is not ...:
            return None
        if field.is_array:
            return list
        assert field.struct is not None
        return self.of(field.struct)

    def _make(self, struct: StructSpec) -> type[MessageData]:
        fields = [(field.attribute, Any, self._declare(field)) for field in struct.fields]
        made = dataclasses.make_dataclass(
            struct.name,
            [*fields, (UNKNOWN_TAGS, Any, dataclasses.field(default=()))],
            bases=(MessageData,),
            eq=False,
            repr=False,
            slots=True,
            match_args=False,
        )
        assert issubclass(made, MessageData)
        return made

    def _declare(self, field: FieldSpec) -> Any:
        if field.struct is not None:
            self.of(field.struct)
        factory = self.default_factory(field)
        if factory is None:
            return dataclasses.field(default=field.default)
        return dataclasses.field(default_factory=factory)
