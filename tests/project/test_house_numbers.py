"""The house numbers: small files, small functions, flat code, and a docstring on what is public.

The figures are medians of codebases that people like to read, and a little air above them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 500
FUNCTION_LINES = 60
NESTING = 4
PARAMETERS = 6

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
PACKAGES = ("app", "engine", "traces", "lessons")
SOURCES = sorted(path for top in (*PACKAGES, "tests") for path in (ROOT / top).rglob("*.py"))
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def depth_of(node: ast.AST, depth: int = 0) -> int:
    """How deep blocks stand in each other; ``elif`` is no deeper than its ``if``."""
    deepest = depth
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        is_elif = isinstance(node, ast.If) and field == "orelse" and len(children) == 1
        for child in children:
            if not isinstance(child, ast.AST) or isinstance(child, FunctionNode | ast.ClassDef):
                continue
            flat = is_elif and isinstance(child, ast.If)
            step = 1 if isinstance(child, BLOCKS) and not flat else 0
            deepest = max(deepest, depth_of(child, depth + step))
    return deepest


def parameter_count(function: FunctionNode) -> int:
    """Parameters a caller can name, the receiver left out."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([a for a in every if a.arg not in {"self", "cls"}])


def is_public(name: str) -> bool:
    """A name that a reader from outside may meet."""
    return not name.startswith("_")


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public classes, their public methods and public functions without a docstring."""
    for node in tree.body:
        if isinstance(node, FunctionNode | ast.ClassDef) and is_public(node.name):
            if ast.get_docstring(node) is None:
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from _undocumented_methods(node)


def _undocumented_methods(owner: ast.ClassDef) -> Iterator[str]:
    for node in owner.body:
        public = isinstance(node, FunctionNode) and is_public(node.name) and not _is_accessor(node)
        if public and isinstance(node, FunctionNode) and ast.get_docstring(node) is None:
            yield f"{owner.name}.{node.name}"


def _is_accessor(function: FunctionNode) -> bool:
    """A setter or deleter: the property's docstring speaks for it."""
    return any(
        isinstance(d, ast.Attribute) and d.attr in {"setter", "deleter"}
        for d in function.decorator_list
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_house_numbers(path: Path) -> None:
    """Length, nesting and parameters stay within the house numbers."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = []
    if (lines := text.count("\n")) > FILE_LINES:
        found.append(f"{lines} lines")
    for function in functions(tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            found.append(f"{function.name}: {length} lines")
        if (depth := depth_of(function)) > NESTING:
            found.append(f"{function.name}: nested {depth} deep")
        if (count := parameter_count(function)) > PARAMETERS:
            found.append(f"{function.name}: {count} parameters")
    assert not found, found


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_is_documented(package: str) -> None:
    """Every module and every public name says what it is."""
    missing = []
    for path in (p for p in SOURCES if p.is_relative_to(ROOT / package)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            missing.append(str(path.relative_to(ROOT)))
        missing += [f"{path.relative_to(ROOT)}: {name}" for name in undocumented(tree)]
    assert not missing, missing
