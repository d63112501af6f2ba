"""What the README promises is there: its pictures, its files, its commands, its make targets."""

import re
from pathlib import Path

import pytest

from app.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    """Every picture and every linked document exists."""
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"kafkascope ([a-z][a-z-]+)", README))))
def test_commands_exist(name: str) -> None:
    """Every `kafkascope NAME` is a command."""
    assert name in COMMANDS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"(?:    |`)make ([a-z]+)", README))))
def test_make_targets_exist(name: str) -> None:
    """Every `make NAME` is a target."""
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
