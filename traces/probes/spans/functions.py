"""Reads watched functions as text: nothing of the watched program is imported."""

import ast
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from traces.trace_file import Function

_Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def read_functions(names: Sequence[str]) -> tuple[Function, ...]:
    """Return one Function per name (``module:Qual.name``), ids in order.

    A function that cannot be found keeps its id and has no source. Raises ValueError on a name
    that is not of that form.
    """
    return tuple(_read(number, name) for number, name in enumerate(names))


def missing(functions: Iterable[Function]) -> tuple[str, ...]:
    """Return the names of those that were not found in any source file."""
    return tuple(function.name for function in functions if not function.source)


def find_module(name: str) -> ModuleSpec | None:
    """Find a module as an import would, but without running its parents."""
    search: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    done = ""
    for part in name.split("."):
        done = f"{done}.{part}" if done else part
        # Only the top is looked for with every finder (an editable install brings its own); below
        # it, find_spec would import the parent.
        spec = PathFinder.find_spec(done, search) if search is not None else _find_top(done)
        if spec is None:
            return None
        search = spec.submodule_search_locations
    return spec


def _find_top(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ValueError:
        # What runs as a script has no spec (importlib.util.find_spec): ``__main__`` is another
        # program's, and not ours to read.
        return None


def _read(number: int, name: str) -> Function:
    module, colon, qualname = name.partition(":")
    if not (module and colon and qualname):
        raise ValueError(f"{name!r} is not of the form module:Qual.name")
    empty = Function(id=number, module=module, qualname=qualname)
    spec = find_module(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return empty
    try:
        text = Path(spec.origin).read_text(encoding="utf-8")
        node = _find(ast.parse(text), qualname.split("."))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return empty
    if node is None or node.end_lineno is None:
        return empty
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines(keepends=True)[first - 1 : node.end_lineno]
    return Function(
        id=number,
        module=module,
        qualname=qualname,
        file="/".join(Path(spec.origin).parts[-len(_parts(module, spec)) :]),
        first_line=first,
        source="".join(lines),
    )


def _parts(module: str, spec: ModuleSpec) -> list[str]:
    parts = module.split(".")
    return [*parts, "__init__.py"] if spec.submodule_search_locations is not None else parts


def _find(
    scope: _Scope, path: Sequence[str]
) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | None:
    names = [part for part in path if part != "<locals>"]
    found: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | None = None
    for name in names:
        found = next(
            (
                node
                for node in ast.walk(scope)
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name == name
            ),
            None,
        )
        if found is None:
            return None
        scope = found
    return found
