"""Kafka's property names."""

import pytest

from engine.common.errors import InvalidConfigurationException
from engine.log.log_config import LogConfig


def test_defaults_are_kafkas() -> None:
    """The figures of Kafka's documentation."""
    config = LogConfig()
    assert (config.segment_bytes, config.segment_index_bytes) == (1_073_741_824, 10_485_760)
    assert (config.index_interval_bytes, config.max_message_bytes) == (4096, 1_048_588)
    assert (config.flush_messages, config.retention_ms) == (2**63 - 1, 604_800_000)
    assert (config.cleanup_policy, config.compression_type) == (("delete",), "producer")


def test_broker_then_topic() -> None:
    """A topic's setting goes before the broker's, and the broker's before the default."""
    broker = LogConfig.from_broker(
        {
            "log.segment.bytes": "1000",
            "message.max.bytes": "500",
            "log.flush.interval.messages": "7",
            "log.retention.hours": "2",
        }
    )
    topic = broker.with_topic({"segment.bytes": "2000", "cleanup.policy": "compact, delete"})
    assert (topic.segment_bytes, topic.max_message_bytes, topic.flush_messages) == (2000, 500, 7)
    assert topic.retention_ms == 7_200_000
    assert topic.cleanup_policy == ("compact", "delete")
    assert topic.compact
    assert not broker.compact


def test_the_finest_unit_counts() -> None:
    """Of three ways to say how long, milliseconds go before minutes before hours."""
    hours = {"log.retention.hours": "1"}
    minutes = {"log.retention.minutes": "2"}
    assert LogConfig.from_broker(hours | minutes).retention_ms == 120_000
    assert LogConfig.from_broker(hours | minutes | {"log.retention.ms": "3"}).retention_ms == 3
    assert LogConfig.from_broker({"log.retention.hours": "-1"}).retention_ms == -1
    assert LogConfig.from_broker({"log.roll.hours": "1"}).segment_ms == 3_600_000


def test_as_topic_properties_and_back() -> None:
    """What is described to a client can be set by it."""
    config = LogConfig(preallocate=True, cleanup_policy=("compact", "delete"))
    properties = config.to_topic_properties()
    assert properties["preallocate"] == "true"
    assert properties["cleanup.policy"] == "compact,delete"
    assert set(properties) == set(LogConfig.topic_names())
    assert LogConfig().with_topic(properties) == config


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("segment.byte", "1", "There is no setting 'segment.byte'."),
        ("segment.bytes", "many", "segment.bytes cannot be 'many': a whole number is needed."),
        ("segment.bytes", "0", "cannot be '0': a number from 14 to 2147483647 is needed."),
        ("preallocate", "yes", "preallocate cannot be 'yes': true or false is needed."),
        ("cleanup.policy", "burn", "delete, compact or both are needed"),
        ("min.cleanable.dirty.ratio", "1.5", "a number from 0 to 1 is needed"),
        ("message.timestamp.type", "Now", "one of CreateTime, LogAppendTime is needed"),
    ],
)
def test_what_is_refused(name: str, value: str, sentence: str) -> None:
    """One sentence with the name, the value and what would do."""
    with pytest.raises(InvalidConfigurationException) as refusal:
        LogConfig().with_topic({name: value})
    assert sentence in str(refusal.value)


def test_broker_names_are_checked_too() -> None:
    """A topic's name is not a broker's; a unit is a number."""
    for properties in ({"segment.bytes": "1000"}, {"log.roll.hours": "soon"}):
        with pytest.raises(InvalidConfigurationException):
            LogConfig.from_broker(properties)
    assert {"log.segment.bytes", "log.retention.hours"} <= set(LogConfig.broker_names())
