"""Both languages say the same things, and no screen says anything outside the catalogues."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from rich.cells import cell_len

import app
from app.i18n import LANGUAGES, catalogue, set_language, t
from app.screens.actions import GROUPS, HOME, LESSON, STAGE
from traces.probes.base import CAPABILITIES

_DRAWN = ("renderables", "screens", "widgets")
_ROOT = Path(str(app.__file__)).parent


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_catalogues_have_the_same_keys() -> None:
    assert set(catalogue("en")) == set(catalogue("zh"))


def test_the_catalogues_have_the_same_placeholders() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert {k: _placeholders(v) for k, v in english.items()} == {
        k: _placeholders(v) for k, v in chinese.items()
    }


def test_every_key_that_the_program_names_exists() -> None:
    named = {
        node.args[0].value
        for part in _DRAWN
        for path in (_ROOT / part).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "t"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(named) > 30
    assert named <= set(catalogue("en"))


def test_every_action_has_its_words() -> None:
    keys = set(catalogue("en"))
    for action in (*STAGE, *HOME, *LESSON):
        assert {f"action.{action.name}", f"action.short.{action.name}"} <= keys
        assert action.group in GROUPS


def _shown_literals(path: Path) -> list[str]:
    """Texts with two words or more that are handed to a call, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [
        arg.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for arg in node.args
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    ]
    return [text for text in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", text)]


@pytest.mark.parametrize("part", _DRAWN)
def test_no_sentence_stands_outside_the_catalogues(part: str) -> None:
    assert {p.name: s for p in (_ROOT / part).glob("*.py") if (s := _shown_literals(p))} == {}


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en, zh"):
        set_language("xx")


def test_chinese_makes_room_beside_latin_letters() -> None:
    set_language("zh")
    text = t("place.socket", owner="broker")
    assert text == "broker 套接字"
    assert cell_len(text) == 13


def test_languages_are_both_there() -> None:
    assert LANGUAGES == ("en", "zh")


def test_every_capability_of_a_probe_has_its_words() -> None:
    assert {f"capability.{key}" for key in CAPABILITIES} <= set(catalogue("en"))
