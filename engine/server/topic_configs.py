"""The topics' own configuration, kept in one small file of the data directory.

::

    {"lines": {"segment.bytes": "1048576"}, ...}          DIR/kafkascope-topics.json

Kafka keeps it in the controller's metadata log, which does not exist here.

System calls: when a topic comes or goes those of ``write_atomically``: the old file or the new one
survives a crash, never half of one.

Kafka: kafka.server.metadata.ConfigRepository
"""

import json
import logging
from collections.abc import Mapping

from engine.log.log_config import LogConfig
from engine.nio import files

_log = logging.getLogger(__name__)

FILE_NAME = "kafkascope-topics.json"


class TopicConfigs:
    """Properties by topic. The caller's lock guards ``store`` and ``forget``."""

    def __init__(self, data_dir: str, defaults: LogConfig) -> None:
        self._path = f"{data_dir}/{FILE_NAME}"
        self._defaults = defaults
        self._properties = self._load()

    def properties(self, topic: str) -> Mapping[str, str]:
        """What was set for the topic; empty if nothing was."""
        return self._properties.get(topic, {})

    def log_config(self, properties: Mapping[str, str]) -> LogConfig:
        """The broker's defaults with ``properties``; InvalidConfigurationException if one is wrong."""
        return self._defaults.with_topic(properties)

    def store(self, topic: str, properties: Mapping[str, str]) -> None:
        """Remember what was set for a new topic."""
        if properties:
            self._save(self._properties | {topic: dict(properties)})

    def forget(self, topic: str) -> None:
        """Forget a topic that is gone."""
        if topic in self._properties:
            self._save({name: own for name, own in self._properties.items() if name != topic})

    def _save(self, properties: dict[str, dict[str, str]]) -> None:
        files.write_atomically(self._path, json.dumps(properties, sort_keys=True).encode())
        self._properties = properties

    def _load(self) -> dict[str, dict[str, str]]:
        if not files.exists(self._path):
            return {}
        try:
            loaded = json.loads(files.read_all(self._path))
            return {str(topic): dict(own) for topic, own in loaded.items()}
        except (ValueError, AttributeError, TypeError):
            _log.warning("%s is damaged: topics fall back to the broker's settings", self._path)
            return {}
