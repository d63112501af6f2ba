"""The settings of a log, by Kafka's names, for the broker (``log.*``) and for one topic.

A topic's ``segment.bytes`` is the broker's ``log.segment.bytes``; a few names differ more, and the
table says how. What is not set for the topic is the broker's, what is not set there is Kafka's
default.

Kafka: org.apache.kafka.storage.internals.log.LogConfig
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from engine.common.errors import InvalidConfigurationException
from engine.nio.append_mode import AppendMode

MAX_LONG = 2**63 - 1
MAX_INT = 2**31 - 1
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_BATCH_OVERHEAD = 12


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("a whole number is needed") from None
        if not low <= value <= high:
            raise ValueError(f"a number from {low} to {high} is needed")
        return value

    return parse


def _ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("a number is needed") from None
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1 is needed")
    return value


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False}
    try:
        return values[text.strip().lower()]
    except KeyError:
        raise ValueError("true or false is needed") from None


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.strip() not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is needed")
        return text.strip()

    return parse


def _cleanup_policy(text: str) -> tuple[str, ...]:
    policies = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not policies or not {"delete", "compact"}.issuperset(policies):
        raise ValueError("delete, compact or both are needed")
    return policies


def _setting(default: Any, parse: Callable[[str], Any], topic: str, broker: str = "") -> Any:
    names = {"parse": parse, "topic": topic, "broker": broker or f"log.{topic}"}
    return field(default=default, metadata=names)


_LONG = _integer(0, MAX_LONG)
_UNLIMITED_LONG = _integer(-1, MAX_LONG)


@dataclass(frozen=True, slots=True)
class LogConfig:
    """One log's settings: sizes in bytes, times in milliseconds, -1 for no limit."""

    segment_bytes: int = _setting(2**30, _integer(14, MAX_INT), "segment.bytes")
    segment_ms: int = _setting(7 * _DAY_MS, _integer(1, MAX_LONG), "segment.ms", "log.roll.ms")
    segment_jitter_ms: int = _setting(0, _LONG, "segment.jitter.ms", "log.roll.jitter.ms")
    segment_index_bytes: int = _setting(
        10 * 2**20, _integer(4, MAX_INT), "segment.index.bytes", "log.index.size.max.bytes"
    )
    index_interval_bytes: int = _setting(4096, _integer(0, MAX_INT), "index.interval.bytes")
    flush_messages: int = _setting(
        MAX_LONG, _integer(1, MAX_LONG), "flush.messages", "log.flush.interval.messages"
    )
    flush_ms: int = _setting(MAX_LONG, _LONG, "flush.ms", "log.flush.interval.ms")
    retention_bytes: int = _setting(-1, _UNLIMITED_LONG, "retention.bytes")
    retention_ms: int = _setting(7 * _DAY_MS, _UNLIMITED_LONG, "retention.ms")
    max_message_bytes: int = _setting(
        2**20 + _BATCH_OVERHEAD, _integer(0, MAX_INT), "max.message.bytes", "message.max.bytes"
    )
    file_delete_delay_ms: int = _setting(
        60_000, _LONG, "file.delete.delay.ms", "log.segment.delete.delay.ms"
    )
    delete_retention_ms: int = _setting(
        _DAY_MS, _LONG, "delete.retention.ms", "log.cleaner.delete.retention.ms"
    )
    min_compaction_lag_ms: int = _setting(
        0, _LONG, "min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms"
    )
    max_compaction_lag_ms: int = _setting(
        MAX_LONG,
        _integer(1, MAX_LONG),
        "max.compaction.lag.ms",
        "log.cleaner.max.compaction.lag.ms",
    )
    min_cleanable_dirty_ratio: float = _setting(
        0.5, _ratio, "min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio"
    )
    cleanup_policy: tuple[str, ...] = _setting(("delete",), _cleanup_policy, "cleanup.policy")
    compression_type: str = _setting(
        "producer", _choice("producer"), "compression.type", "compression.type"
    )
    preallocate: bool = _setting(False, _boolean, "preallocate")  # noqa: FBT003 - a default
    message_timestamp_type: str = _setting(
        "CreateTime", _choice("CreateTime", "LogAppendTime"), "message.timestamp.type"
    )
    message_timestamp_before_max_ms: int = _setting(
        MAX_LONG, _LONG, "message.timestamp.before.max.ms"
    )
    message_timestamp_after_max_ms: int = _setting(
        MAX_LONG, _LONG, "message.timestamp.after.max.ms"
    )
    min_insync_replicas: int = _setting(
        1, _integer(1, MAX_INT), "min.insync.replicas", "min.insync.replicas"
    )
    unclean_leader_election_enable: bool = _setting(
        False,  # noqa: FBT003 - a default
        _boolean,
        "unclean.leader.election.enable",
        "unclean.leader.election.enable",
    )
    append_mode: str = _setting(
        AppendMode.WRITE.value,
        _choice(*(mode.value for mode in AppendMode)),
        "kafkascope.append.mode",
        "kafkascope.append.mode",
    )

    @property
    def compact(self) -> bool:
        """Whether the log keeps only the last record of each key."""
        return "compact" in self.cleanup_policy

    @property
    def delete(self) -> bool:
        """Whether segments go when the log is too old or too large."""
        return "delete" in self.cleanup_policy

    @property
    def max_segment_ms(self) -> int:
        """After how long a segment is closed; in time to be compacted, where that has a limit."""
        return min(self.segment_ms, self.max_compaction_lag_ms) if self.compact else self.segment_ms

    def random_segment_jitter(self) -> int:
        """By how much one segment is closed earlier, lest all partitions roll at once."""
        limit = min(self.segment_jitter_ms, self.segment_ms)
        return secrets.randbelow(limit) if limit else 0

    @classmethod
    def topic_names(cls) -> dict[str, str]:
        """Kafka's topic-level names and the attributes they set."""
        return {f.metadata["topic"]: f.name for f in fields(cls)}

    @classmethod
    def broker_names(cls) -> dict[str, str]:
        """Kafka's broker-level names and the attributes they set, other units included."""
        units = {
            name: attribute
            for name, (original, _) in _OTHER_UNITS.items()
            for attribute in [_attribute_of(original)]
        }
        return {f.metadata["broker"]: f.name for f in fields(cls)} | units

    @classmethod
    def from_broker(cls, properties: Mapping[str, str]) -> "LogConfig":
        """The defaults of a broker; InvalidConfigurationException for a name or value it lacks.

        Of ``log.retention.ms``, ``.minutes`` and ``.hours`` the finest that is set counts, as in
        Kafka; so for ``log.roll``.
        """
        merged = dict(properties)
        for name, (original, factor) in _OTHER_UNITS.items():
            text = merged.pop(name, None)
            if text is not None and original not in merged:
                merged[original] = _scaled(name, text, factor)
        return _changed(cls(), merged, {f.metadata["broker"]: f.name for f in fields(cls)})

    def with_topic(self, properties: Mapping[str, str]) -> "LogConfig":
        """These settings with a topic's own; InvalidConfigurationException as above."""
        return _changed(self, properties, self.topic_names())

    def to_topic_properties(self) -> dict[str, str]:
        """Every setting under its topic-level name, as text."""
        return {f.metadata["topic"]: _text(getattr(self, f.name)) for f in fields(self)}


# Finer units first: what is found first wins.
_OTHER_UNITS: dict[str, tuple[str, int]] = {
    "log.retention.minutes": ("log.retention.ms", 60_000),
    "log.retention.hours": ("log.retention.ms", _HOUR_MS),
    "log.roll.hours": ("log.roll.ms", _HOUR_MS),
    "log.roll.jitter.hours": ("log.roll.jitter.ms", _HOUR_MS),
}


def _attribute_of(broker_name: str) -> str:
    return next(f.name for f in fields(LogConfig) if f.metadata["broker"] == broker_name)


def _scaled(name: str, text: str, factor: int) -> str:
    try:
        value = int(text)
    except ValueError:
        raise InvalidConfigurationException(
            f"The setting {name} cannot be {text!r}: a whole number is needed."
        ) from None
    return str(value * factor if value >= 0 else value)


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _changed(
    config: LogConfig, properties: Mapping[str, str], names: Mapping[str, str]
) -> "LogConfig":
    parsers = {f.name: f.metadata["parse"] for f in fields(config)}
    changes = {}
    for name, text in properties.items():
        attribute = names.get(name)
        if attribute is None:
            raise InvalidConfigurationException(f"There is no setting {name!r}.")
        try:
            changes[attribute] = parsers[attribute](text)
        except ValueError as reason:
            raise InvalidConfigurationException(
                f"The setting {name} cannot be {text!r}: {reason}."
            ) from None
    return replace(config, **changes)
