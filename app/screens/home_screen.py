"""The home screen: what this is, saved traces, lessons, what this machine can measure."""

from pathlib import Path

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.i18n import t
from app.messages import TraceRow, TracesFound
from app.renderables.canvas import fit
from app.renderables.palette import BRIGHT, CROSSING, DIM, ORANGE, TEXT
from app.screens.actions import HOME, bindings, hints
from app.source import bundled_samples, list_traces
from app.widgets.key_bar import KeyBar
from lessons.catalogue import Lesson, lessons


class TraceChosen(Message):
    """A person wants this trace on the stage."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class HomeScreen(Screen[None]):
    """Lists what can be opened; it starts no probe, so ``machine`` is told to it."""

    BINDINGS = bindings(tuple(action for action in HOME if action.name != "open"))
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012  Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-short"), (30, "-normal-high")]  # noqa: RUF012  Textual's form

    language: reactive[str] = reactive("en")
    rows: reactive[tuple[TraceRow, ...] | None] = reactive(None)

    def __init__(self, machine: tuple[str, ...] = (), *, language: str = "en") -> None:
        super().__init__()
        self.set_reactive(HomeScreen.language, language)
        self._machine = machine

    def compose(self) -> ComposeResult:
        """Yield the areas."""
        yield Static(id="title")
        with Horizontal(id="areas"):
            with Vertical(id="traces-area"):
                yield Static(id="traces-title", classes="heading")
                yield OptionList(id="traces")
            with Vertical(id="side"):
                yield Static(id="lessons-title", classes="heading")
                yield OptionList(id="lessons")
                yield Static(id="machine-title", classes="heading")
                yield Static(id="machine")
        yield KeyBar(hints(HOME), id="keys").data_bind(HomeScreen.language)

    def on_mount(self) -> None:
        """List what is there."""
        self._tell()
        self.query_one("#traces").focus()
        self.refresh_traces()

    def on_screen_resume(self) -> None:
        """List again: a trace may have been recorded meanwhile."""
        self.refresh_traces()

    def refresh_traces(self) -> None:
        """Look for traces in the samples and in the current folder's output."""
        list_traces(self, (bundled_samples(), Path("kafkascope-out")))

    @on(TracesFound)
    def _found(self, message: TracesFound) -> None:
        self.rows = message.rows

    def watch_language(self) -> None:
        """Say everything in the new language."""
        if self.is_mounted:
            self._tell()

    def watch_rows(self) -> None:
        """Show the list."""
        if self.is_mounted:
            self._tell_traces()

    def _tell(self) -> None:
        title = Text(t("home.title"), f"bold {CROSSING}")
        title.append(f"\n{t('home.line1')}\n", BRIGHT).append(t("home.line2"), DIM)
        self.query_one("#title", Static).update(title)
        for area in ("traces", "lessons", "machine"):
            self.query_one(f"#{area}-title", Static).update(t(f"home.{area}"))
        machine = "\n".join(self._machine) or t("home.machine_unknown")
        self.query_one("#machine", Static).update(Text(machine, TEXT))
        self._tell_lessons()
        self._tell_traces()

    def _tell_traces(self) -> None:
        options = self.query_one("#traces", OptionList)
        at = options.highlighted
        options.clear_options()
        rows = self.rows or ()
        for number, row in enumerate(rows):
            options.add_option(Option(trace_line(row), id=f"trace-{number}"))
        if not rows:
            options.add_option(Option(Text(t("home.traces_none"), DIM), disabled=True))
        else:
            options.highlighted = min(at or 0, len(rows) - 1)

    def _tell_lessons(self) -> None:
        options = self.query_one("#lessons", OptionList)
        options.clear_options()
        found = lessons()
        for lesson in found:
            options.add_option(Option(lesson_line(lesson, self.language), id=lesson.trace))
        if not found:
            options.add_option(Option(Text(t("home.lessons_none"), DIM), disabled=True))

    @on(OptionList.OptionSelected, "#traces")
    def _open_trace(self, event: OptionList.OptionSelected) -> None:
        if self.rows:
            self.post_message(TraceChosen(self.rows[event.option_index].path))

    @on(OptionList.OptionSelected, "#lessons")
    def _open_lesson(self, event: OptionList.OptionSelected) -> None:
        self.post_message(TraceChosen(bundled_samples() / str(event.option.id)))


def trace_line(row: TraceRow) -> Text:
    """One saved trace: name, probe, date, number of events; or why it cannot be read."""
    name = fit(row.path.stem, 22)
    line = Text(name + " " * (24 - cell_len(name)), BRIGHT)
    if row.problem:
        return line.append(t("home.unreadable"), ORANGE)
    line.append(f"{row.probe:<10}", CROSSING)
    line.append(f"{row.created[:16].replace('T', ' '):<18}", DIM)
    return line.append(f"{row.events:>8} {t('home.column_events')}", TEXT)


def lesson_line(lesson: Lesson, language: str) -> Text:
    """One lesson: its title and length, below it what it promises."""
    line = Text(f"{lesson.order}. {lesson.title.text(language)}", BRIGHT)
    line.append(f"  {t('home.minutes', minutes=lesson.minutes)}", CROSSING)
    return line.append(f"\n{lesson.goal.text(language)}", DIM)
