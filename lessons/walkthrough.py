"""The walkthrough: for each watched engine function, its counterpart in Kafka or the JDK, in words.

Data, not code: ``walkthrough.toml`` beside this module holds one ``[[step]]`` a function. The
recorder takes the function names from here (as text: nothing of the engine is imported), the stage
takes the words.
"""

from functools import cache
from importlib import resources

import msgspec


class Counterpart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One engine function and the method that a reader of Kafka's source knows.

    ``function``: ``module:Class.method``. ``kafka``: class and method as Kafka or the JDK spell
    them. ``en``/``zh``: what happens there. ``differs_en``/``differs_zh``: what the original does
    there that ours does not; empty where nothing is worth telling.
    """

    function: str
    kafka: str
    en: str
    zh: str
    differs_en: str = ""
    differs_zh: str = ""

    def text(self, language: str) -> str:
        """What happens there, in ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en

    def differs(self, language: str) -> str:
        """What the original does beyond ours, in ``en`` or ``zh``."""
        return self.differs_zh if language == "zh" else self.differs_en


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: tuple[Counterpart, ...]


@cache
def walkthrough() -> tuple[Counterpart, ...]:
    """All steps, in the order of a record's way: in by produce, out by fetch."""
    data = resources.files(__package__).joinpath("walkthrough.toml").read_bytes()
    return msgspec.toml.decode(data, type=_File).step


@cache
def _by_function() -> dict[str, Counterpart]:
    return {step.function: step for step in walkthrough()}


def counterpart(module: str, qualname: str) -> Counterpart | None:
    """The step for an engine function, or None for one that the walkthrough leaves out."""
    return _by_function().get(f"{module}:{qualname}")


def function_names() -> tuple[str, ...]:
    """Every watched function as ``module:Class.method``: the recorder's table of spans."""
    return tuple(step.function for step in walkthrough())
