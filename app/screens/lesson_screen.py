"""A lesson to read: its text in the language of the moment, and the way to its trace."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Markdown

from app.messages import TraceChosen
from app.screens.actions import LESSON, bindings, hints
from app.source import bundled_samples
from app.widgets.key_bar import KeyBar
from lessons.catalogue import Lesson, lesson_text


class LessonScreen(Screen[None]):
    """Shows one lesson; Enter opens its trace, Escape goes back."""

    BINDINGS = bindings(LESSON)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012  Textual's form

    language: reactive[str] = reactive("en")

    def __init__(self, lesson: Lesson, *, language: str = "en") -> None:
        super().__init__()
        self.set_reactive(LessonScreen.language, language)
        self._lesson = lesson

    def compose(self) -> ComposeResult:
        """Yield the text and the line of keys."""
        with VerticalScroll(id="page"):
            yield Markdown(lesson_text(self._lesson.id, self.language), id="text")
        yield KeyBar(hints(LESSON), id="keys").data_bind(LessonScreen.language)

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#page").focus()

    async def watch_language(self) -> None:
        """Say everything in the new language."""
        if self.is_mounted:
            text = lesson_text(self._lesson.id, self.language)
            await self.query_one("#text", Markdown).update(text)

    def action_stage(self) -> None:
        """Open the lesson's trace."""
        self.post_message(TraceChosen(bundled_samples() / self._lesson.trace))

    def action_back(self) -> None:
        """Close the lesson."""
        self.dismiss()
