"""Properties: texts in, checked values out."""

import pytest

from engine.log.log_config import LogConfig
from engine.server.config_def import ConfigError
from engine.server.kafka_config import KafkaConfig, parse_overrides, parse_properties
from engine.server.kafka_properties import (
    LOG_PROPERTIES_WITHOUT_EFFECT,
    PROPERTIES,
    WITHOUT_EFFECT,
)


def test_defaults_are_kafkas() -> None:
    config = KafkaConfig({})
    assert config.integer("num.network.threads") == 3
    assert config.integer("num.io.threads") == 8
    assert config.integer("queued.max.requests") == 500
    assert config.integer("socket.request.max.bytes") == 104_857_600
    assert config.boolean("auto.create.topics.enable")
    assert config.log_config.segment_bytes == 1 << 30


def test_log_properties_reach_the_logs() -> None:
    config = KafkaConfig({"log.segment.bytes": "2000", "log.retention.hours": "1"})
    assert config.log_config.segment_bytes == 2000
    assert config.texts()["log.segment.bytes"] == "2000"
    assert config.texts()["log.retention.ms"] == "3600000"


def test_what_has_no_effect_is_named() -> None:
    properties = {"zookeeper.connect": "x", "num.io.threads": "2", "min.insync.replicas": "1"}
    config = KafkaConfig(properties)
    assert config.without_effect == ("min.insync.replicas", "zookeeper.connect")
    assert config.given == {"num.io.threads", "min.insync.replicas"}


def test_no_property_stands_in_two_lists() -> None:
    names = [key.name for key in PROPERTIES]
    assert len(names) == len(set(names))
    assert not WITHOUT_EFFECT & set(KafkaConfig({}).texts())
    log_names = set(LogConfig.broker_names())
    assert log_names >= LOG_PROPERTIES_WITHOUT_EFFECT
    assert not log_names & {*names, *WITHOUT_EFFECT}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("no.such.property", "1", "there is no broker property"),
        ("num.io.threads", "0", "at least 1"),
        ("num.io.threads", "3000000000", "not a valid int"),
        ("auto.create.topics.enable", "yes", "not a valid boolean"),
        ("kafkascope.transfer.mode", "magic", "must be one of"),
        ("log.segment.bytes", "-5", "log.segment.bytes"),
    ],
)
def test_wrong_values_are_refused(name: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        KafkaConfig({name: text})


def test_a_properties_file_in_javas_format() -> None:
    text = "# comment\n! another\n\n a = 1 \nb:2\nc=x=y\nd=one,\\\n   two\n"
    assert parse_properties(text) == {"a": "1", "b": "2", "c": "x=y", "d": "one,   two"}
    with pytest.raises(ConfigError, match="name=value"):
        parse_properties("nonsense")


def test_overrides() -> None:
    assert parse_overrides(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(ConfigError, match="name=value"):
        parse_overrides(["=1"])
