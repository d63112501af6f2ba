"""Only nio speaks to the kernel: who asks where a system call is born opens one folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[3] / "engine"
# Whoever imports one of these can make a system call on a file or a connection.
FORBIDDEN = {
    "fcntl", "io", "mmap", "multiprocessing", "os", "pathlib", "select", "selectors", "shutil",
    "socket", "socketserver", "subprocess", "asyncio", "tempfile", "ctypes", "glob", "fileinput",
}  # fmt: skip
# What the process is told and what it tells, and reading a package's own data, are not I/O under
# study: argv, signals, standard output, and the schemas that another package ships.
FORBIDDEN_CALLS = {"open", "__import__", "eval", "exec"}
# The commands read a person's input or properties file and write a person's output file: plain
# text, at the rim, and no part of the journey of a record.
PLAIN_FILES = {
    "clients/produce_command.py",
    "clients/consume_command.py",
    "server/broker_command.py",
}
MODULES = sorted(p for p in ENGINE.rglob("*.py") if p.parent.name != "nio")


def doors(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each import of a forbidden module and each call of a forbidden function, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [n.name for n in names if n.name.partition(".")[0] in FORBIDDEN]
            case ast.ImportFrom(module=str(module)):
                found = [module] if module.partition(".")[0] in FORBIDDEN else []
            case ast.Call(func=ast.Name(id=name)):
                found = [f"{name}()"] if name in FORBIDDEN_CALLS else []
            case _:
                continue
        for name in found:
            yield node.lineno, name


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ENGINE)))
def test_no_other_module_opens_a_door(path: Path) -> None:
    """No engine module outside nio imports I/O, and none opens a file by itself."""
    found = list(doors(ast.parse(path.read_text(encoding="utf-8"))))
    if str(path.relative_to(ENGINE)) in PLAIN_FILES:
        found = [(line, name) for line, name in found if name not in {"open()", "pathlib"}]
    assert not found, found


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path as p",
        "from socket import socket",
        "open('x')",
        "import mmap, re",
    ],
)
def test_the_rule_sees_a_door(source: str) -> None:
    """The rule finds what it is there to find."""
    assert list(doors(ast.parse(source)))


def test_the_doors_are_in_nio() -> None:
    """The calls are made through the module's attribute, where an observer can stand in between."""
    for name in ("file_dispatcher", "socket_dispatcher", "selector"):
        tree = ast.parse((ENGINE / "nio" / f"{name}.py").read_text(encoding="utf-8"))
        assert list(doors(tree)), name
        froms = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert not FORBIDDEN.intersection(str(m) for m in froms), name
