"""The broker's configuration: properties from a file and from the command line, checked once.

A property that is not in the table is refused, because a misspelt one would silently do nothing;
one that Kafka knows and that has no effect here is kept apart, to be named.

System calls: none; the caller reads the file.

Kafka: kafka.server.KafkaConfig
"""

import difflib
from collections.abc import Iterable, Mapping

from engine.common.errors import InvalidConfigurationException
from engine.log.log_config import LogConfig
from engine.server.config_def import ConfigDef, ConfigError, Value
from engine.server.kafka_properties import (
    LOG_PROPERTIES_WITHOUT_EFFECT,
    PROPERTIES,
    WITHOUT_EFFECT,
)

_DEFINITION = ConfigDef(PROPERTIES)
_LOG_NAMES = frozenset(LogConfig.broker_names())
# Coarser names of log.retention.ms and log.roll.ms: their values would read as milliseconds.
_OTHER_UNITS = frozenset(
    {"log.retention.minutes", "log.retention.hours", "log.roll.hours", "log.roll.jitter.hours"}
)
# In Kafka the default of log.flush.interval.ms is this property, not a number.
_FLUSH_SCHEDULER_INTERVAL = "log.flush.scheduler.interval.ms"
_KNOWN = frozenset(_DEFINITION.keys) | _LOG_NAMES | WITHOUT_EFFECT


class KafkaConfig:
    """Values by property name; every property has one."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        for name in properties:
            if name not in _KNOWN:
                raise ConfigError(_unknown(name))
        idle = WITHOUT_EFFECT | LOG_PROPERTIES_WITHOUT_EFFECT
        self.without_effect = tuple(sorted(idle.intersection(properties)))
        self.given = frozenset(properties) - WITHOUT_EFFECT
        self._values = _DEFINITION.parse(properties)
        logs = {name: text for name, text in properties.items() if name in _LOG_NAMES}
        if _FLUSH_SCHEDULER_INTERVAL in properties:
            logs.setdefault("log.flush.interval.ms", properties[_FLUSH_SCHEDULER_INTERVAL])
        try:
            self.log_config = LogConfig.from_broker(logs)
        except InvalidConfigurationException as refusal:
            raise ConfigError(str(refusal)) from None

    def integer(self, name: str) -> int:
        """The value of an int or long property."""
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """The value of a string property."""
        return str(self._values[name])

    def boolean(self, name: str) -> bool:
        """The value of a boolean property."""
        return bool(self._values[name])

    def texts(self) -> dict[str, str]:
        """Every property and its value as text, those of the logs included."""
        own = {name: _text(value) for name, value in self._values.items()}
        topic_values = self.log_config.to_topic_properties()
        topic_names = {attribute: name for name, attribute in LogConfig.topic_names().items()}
        attributes = LogConfig.broker_names()
        logs = {name: topic_values[topic_names[attributes[name]]] for name in sorted(_LOG_NAMES)}
        return own | {name: logs[name] for name in logs if name not in _OTHER_UNITS}


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_overrides(overrides: Iterable[str]) -> dict[str, str]:
    """``name=value`` texts as a mapping; ConfigError for one without ``=``."""
    properties = {}
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--override {override} is not of the form name=value")
        properties[name.strip()] = value.strip()
    return properties


def parse_properties(text: str) -> dict[str, str]:
    """The contents of a ``server.properties`` file: Java's format, Unicode escapes left out."""
    properties = {}
    for line in text.replace("\\\n", "").splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in "#!":
            continue
        cut = min((stripped.find(mark) for mark in "=:" if mark in stripped), default=-1)
        if cut <= 0:
            raise ConfigError(f"the line {stripped!r} is not of the form name=value")
        properties[stripped[:cut].strip()] = stripped[cut + 1 :].strip()
    return properties


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, sorted(_KNOWN), n=1)
    hint = f"; did you mean {close[0]}?" if close else "; `broker --help` lists what can be set"
    return f"there is no broker property {name}{hint}"
