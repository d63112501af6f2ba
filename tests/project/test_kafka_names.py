"""Each engine module ends by naming its counterpart, and the name exists in Kafka 3.9 or the JDK."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MODULES = sorted(p for p in (ROOT / "engine").rglob("*.py") if p.name != "__init__.py")
COUNTERPART = re.compile(r"^(Kafka|JDK): (.+)$", re.MULTILINE)


def names(file: str) -> set[str]:
    """The class names in one of the lists beside this test, one a line."""
    return set((HERE / file).read_text(encoding="utf-8").split())


KNOWN = {"Kafka": names("kafka_3_9_classes.txt"), "JDK": names("jdk_classes.txt")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_counterpart_exists(path: Path) -> None:
    """The last line of the module's docstring names a real class, or says why there is none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = docstring.strip().split("\n\n")[-1]
    found = COUNTERPART.findall(paragraph)
    assert found, "the docstring does not end with a line 'Kafka: ...' or 'JDK: ...'"
    for house, text in found:
        if text.startswith("none, because "):
            continue
        for name in re.split(r",\s*|\s+and\s+", text.strip().rstrip(".")):
            assert name in KNOWN[house], f"{house} has no class {name}"
