"""What a property is: its name, type, default, allowed values and meaning, as one row of a table.

System calls: none.

Kafka: org.apache.kafka.common.config.ConfigDef
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

Value = int | float | bool | str
Validator = Callable[[Value], str | None]


class ConfigError(Exception):
    """A property that cannot be used; the message is one sentence for a person."""


class ConfigType(Enum):
    """How the text of a property is read."""

    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    DOUBLE = "double"
    STRING = "string"
    LIST = "list"


def at_least(minimum: float) -> Validator:
    """A validator: numbers from ``minimum`` upwards."""

    def check(value: Value) -> str | None:
        return None if float(value) >= minimum else f"must be at least {minimum}"

    return check


def one_of(*allowed: str) -> Validator:
    """A validator: one of these words."""

    def check(value: Value) -> str | None:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"

    return check


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One row: a property, and how to read it."""

    name: str
    type: ConfigType
    default: Value
    doc: str
    validator: Validator | None = None

    def parse(self, text: str) -> Value:
        """The value that ``text`` stands for; ConfigError if it stands for none."""
        try:
            value = _PARSERS[self.type](text.strip())
        except ValueError:
            raise ConfigError(f"{self.name}={text} is not a valid {self.type.value}") from None
        complaint = self.validator(value) if self.validator else None
        if complaint:
            raise ConfigError(f"{self.name}={text} is not allowed: it {complaint}")
        return value


class ConfigDef:
    """A table of properties that turns texts into values."""

    def __init__(self, keys: Iterable[ConfigKey]) -> None:
        self.keys: Mapping[str, ConfigKey] = {key.name: key for key in keys}

    def parse(self, properties: Mapping[str, str]) -> dict[str, Value]:
        """Every known property: as given in ``properties``, or by default."""
        return {
            name: key.parse(properties[name]) if name in properties else key.default
            for name, key in self.keys.items()
        }


def _parse_boolean(text: str) -> bool:
    words = {"true": True, "false": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _bounded(bits: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
            raise ValueError(text)
        return number

    return parse


_PARSERS: Mapping[ConfigType, Callable[[str], Value]] = {
    ConfigType.BOOLEAN: _parse_boolean,
    ConfigType.INT: _bounded(32),
    ConfigType.LONG: _bounded(64),
    ConfigType.DOUBLE: float,
    ConfigType.STRING: str,
    ConfigType.LIST: str,
}
