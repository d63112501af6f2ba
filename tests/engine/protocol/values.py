"""Values for messages, drawn from the schemas themselves."""

from typing import Any

from hypothesis import strategies as st

from engine.protocol.message_codec import codec, message
from engine.protocol.message_data import MessageClasses
from engine.protocol.type_plan import Kind, StructPlan, TypePlan, plan_message

FIXED = {
    "?": st.booleans(),
    "b": st.integers(-(2**7), 2**7 - 1),
    "h": st.integers(-(2**15), 2**15 - 1),
    "H": st.integers(0, 2**16 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "I": st.integers(0, 2**32 - 1),
    "q": st.integers(-(2**63), 2**63 - 1),
    "d": st.floats(allow_nan=False),
    "16s": st.binary(min_size=16, max_size=16),
}
TEXT = st.text(max_size=8)
# Around 127 a compact length takes its second byte.
BYTES = st.one_of(st.binary(max_size=8), st.integers(125, 130).map(bytes))
UNKNOWN_TAGS = st.lists(
    st.tuples(st.integers(100, 2**31), BYTES), max_size=2, unique_by=lambda tag: tag[0]
).map(lambda tags: tuple(sorted(tags)))


class _Values:
    """Strategies for the structs of one message."""

    def __init__(self, classes: MessageClasses, *, sensible: bool) -> None:
        self._classes = classes
        self._sensible = sensible

    def struct(self, plan: StructPlan) -> st.SearchStrategy[Any]:
        present = {f.spec.attribute: self._value(f.type) for f in (*plan.fields, *plan.tagged)}
        if plan.flexible and not self._sensible:
            present["unknown_tagged_fields"] = UNKNOWN_TAGS
        return st.builds(self._classes.of(plan.spec), **present)

    def _value(self, plan: TypePlan) -> st.SearchStrategy[Any]:
        kind: st.SearchStrategy[Any]
        if plan.kind is Kind.FIXED:
            kind = self._fixed(plan)
        elif plan.kind is Kind.STRING:
            kind = TEXT
        elif plan.kind is Kind.STRUCT:
            assert plan.struct is not None
            kind = self.struct(plan.struct)
        elif plan.kind is Kind.ARRAY:
            assert plan.element is not None
            kind = st.lists(self._value(plan.element), max_size=3)
        else:
            kind = BYTES
        return st.none() | kind if plan.nullable else kind

    def _fixed(self, plan: TypePlan) -> st.SearchStrategy[Any]:
        if self._sensible and plan.label.endswith("ErrorCode"):
            return st.sampled_from([-1, 0, 3, 35, 87])
        if self._sensible and plan.label.endswith(("Ms", "Timestamp")):
            return st.integers(0, 10**6)
        return FIXED[plan.format]


def messages(name: str, version: int) -> st.SearchStrategy[Any]:
    """Objects of a message whose fields, as far as ``version`` has them, hold anything."""
    spec, classes = message(name)
    return _Values(classes, sensible=False).struct(plan_message(spec, version))


def sensible_messages(name: str, version: int) -> st.SearchStrategy[Any]:
    """Like ``messages``, with errors, durations and times that mean something, no unknown tags."""
    spec, classes = message(name)
    return _Values(classes, sensible=True).struct(plan_message(spec, version))


def encoded(name: str, version: int, body: Any) -> bytes:
    """The bytes of a message without header and size."""
    pieces: list[Any] = []
    codec(name, version).encode(body, pieces.append)
    return b"".join(pieces)
