"""The catalogue of lessons: a folder each, with ``lesson.toml``, ``en.md`` and ``zh.md``.

A lesson is told in four movements: predict, observe, explain, modify. Its text holds no figures:
those are on the stage, computed from the lesson's trace.
"""

from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

LANGUAGES = ("en", "zh")


class Titles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short text in both languages."""

    en: str
    zh: str

    def text(self, language: str) -> str:
        """The text in ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


class Lesson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a lesson promises. ``trace``: its file in ``traces/samples``; ``minutes``: its length."""

    id: str
    order: int
    minutes: int
    trace: str
    title: Titles
    goal: Titles


def _folders() -> list[Traversable]:
    root = resources.files(__package__)
    return [f for f in root.iterdir() if f.is_dir() and f.joinpath("lesson.toml").is_file()]


def lessons() -> tuple[Lesson, ...]:
    """Every lesson, in the order in which they are taught."""
    found = [
        msgspec.toml.decode(f.joinpath("lesson.toml").read_bytes(), type=Lesson) for f in _folders()
    ]
    return tuple(sorted(found, key=lambda lesson: lesson.order))


def lesson_text(lesson_id: str, language: str) -> str:
    """A lesson's Markdown in ``en`` or ``zh``; KeyError for a lesson that is not there."""
    for folder in _folders():
        if folder.name == lesson_id:
            return folder.joinpath(f"{language}.md").read_text(encoding="utf-8")
    raise KeyError(lesson_id)
