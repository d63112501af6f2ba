"""The walkthrough's names are real: ours in the engine's source, Kafka's in the pinned release."""

import ast
from pathlib import Path

import pytest

from lessons.walkthrough import Counterpart, counterpart, function_names, walkthrough

ROOT = Path(__file__).parents[2]
NAMES = ROOT / "tests" / "project"
CLASSES = {
    name
    for file in ("kafka_3_9_classes.txt", "jdk_classes.txt")
    for name in (NAMES / file).read_text(encoding="utf-8").split()
}


def qualified_names(tree: ast.AST, prefix: str = "") -> set[str]:
    """``Class.method`` and ``function`` names defined in a module."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found |= qualified_names(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            found.add(prefix + node.name)
        elif isinstance(node, ast.If | ast.Try):
            found |= qualified_names(node, prefix)
    return found


@pytest.mark.parametrize("step", walkthrough(), ids=lambda s: s.function)
def test_our_function_exists(step: Counterpart) -> None:
    """The engine defines the function that the step names."""
    module, _, qualname = step.function.partition(":")
    path = ROOT / (module.replace(".", "/") + ".py")
    assert path.exists(), f"no module {module}"
    assert qualname in qualified_names(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("step", walkthrough(), ids=lambda s: s.function)
def test_their_class_exists(step: Counterpart) -> None:
    """The class before the last dot is one of Kafka 3.9 or of the JDK."""
    owner, _, method = step.kafka.rpartition(".")
    assert owner in CLASSES
    assert method[0].islower()


def test_both_languages_are_complete() -> None:
    """Each step speaks English and Chinese, and says in both, or in neither, what differs."""
    for step in walkthrough():
        assert step.en.strip()
        assert any("\u4e00" <= c <= "\u9fff" for c in step.zh), step.function
        assert bool(step.differs_en) == bool(step.differs_zh), step.function


def test_look_up() -> None:
    """A function is found by module and qualified name; a stranger is None."""
    module, _, qualname = function_names()[0].partition(":")
    found = counterpart(module, qualname)
    assert found is walkthrough()[0]
    assert counterpart("engine.nowhere", "Nobody.nothing") is None
    assert len(set(function_names())) == len(function_names())
