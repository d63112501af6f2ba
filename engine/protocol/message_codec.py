"""Encodes and decodes one message at one version; made on first use and kept.

System calls: none of its own; naming a message for the first time reads its schema file.

Kafka: org.apache.kafka.common.protocol.ApiMessage
"""

import struct
import threading
from typing import Any

from engine.protocol.decoder import Decoder
from engine.protocol.encoder import Encoder
from engine.protocol.message_data import MessageClasses
from engine.protocol.message_spec import MessageSpec
from engine.protocol.schema_exception import SchemaException
from engine.protocol.schema_source import load_spec
from engine.protocol.type_plan import plan_message
from engine.protocol.writable import Sink

# Built under one lock so that each struct has one class, whichever thread names it first.
_lock = threading.RLock()
_messages: dict[str, "tuple[MessageSpec, MessageClasses]"] = {}
_codecs: dict[tuple[str, int], "MessageCodec"] = {}


class MessageCodec:
    """Reads and writes one message at one version."""

    def __init__(self, name: str, version: int) -> None:
        spec, classes = message(name)
        if version not in spec.versions:
            raise SchemaException(f"{name} has versions {spec.versions}, not {version}")
        plan = plan_message(spec, version)
        self._read = Decoder(classes).struct_reader(plan)
        self._write = Encoder(classes).struct_writer(plan)
        self._name = f"{name} v{version}"

    def decode(self, frame: memoryview, position: int = 0) -> tuple[Any, int]:
        """The message at ``position`` and where it ends; SchemaException if it is malformed."""
        try:
            return self._read(frame, position)
        except (struct.error, IndexError):
            raise SchemaException(f"{self._name}: the frame ends too early") from None
        except UnicodeDecodeError as error:
            raise SchemaException(f"{self._name}: a string is not UTF-8: {error}") from None

    def encode(self, body: Any, sink: Sink) -> None:
        """Hands the message's pieces to ``sink`` in order."""
        self._write(body, sink)


def message(name: str) -> tuple[MessageSpec, MessageClasses]:
    """The spec and the classes of a message; KeyError if no schema has that name."""
    if name not in _messages:
        with _lock:
            if name not in _messages:
                spec = load_spec(name)
                _messages[name] = (spec, MessageClasses(spec.root))
    return _messages[name]


def codec(name: str, version: int) -> MessageCodec:
    """The codec of a message at a version."""
    key = (name, version)
    found = _codecs.get(key)
    if found is None:
        with _lock:
            found = _codecs.setdefault(key, _codecs.get(key) or MessageCodec(name, version))
    return found
