"""Each lesson is whole: both languages, the same steps in both, and a trace that exists."""

import re
from pathlib import Path

import pytest

from lessons.catalogue import LANGUAGES, Lesson, lesson_text, lessons

SAMPLES = Path(__file__).parents[2] / "traces" / "samples"


def shape(markdown: str) -> list[str]:
    """The skeleton of a text: its headings' levels, list marks and code blocks, in order."""
    kinds = {"#": "heading", "-": "item", " ": "code"}
    marks = []
    for line in markdown.splitlines():
        if re.match(r"\d+\. ", line):
            marks.append("question")
        elif line.startswith(("# ", "## ", "- ", "    ")):
            marks.append(kinds[line[0]])
    return marks


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
def test_lesson_is_whole(lesson: Lesson) -> None:
    """English and Chinese have the same steps, and the trace ships with the project."""
    english, chinese = (lesson_text(lesson.id, language) for language in LANGUAGES)
    assert shape(english) == shape(chinese)
    assert english != chinese
    assert (SAMPLES / lesson.trace).is_file(), f"no sample trace {lesson.trace}"
    assert lesson.title.text("zh") != lesson.title.text("en")


def test_order_is_unique() -> None:
    """No two lessons claim the same place."""
    orders = [lesson.order for lesson in lessons()]
    assert len(set(orders)) == len(orders) > 0


def test_unknown_lesson() -> None:
    """A lesson that is not there is a KeyError."""
    with pytest.raises(KeyError):
        lesson_text("nowhere", "en")
