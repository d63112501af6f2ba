"""The home screen: what this is, saved traces, lessons, what this machine can measure."""

from pathlib import Path
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.i18n import t
from app.messages import LessonChosen, TraceChosen, TraceRow, TracesFound
from app.renderables.canvas import fit
from app.renderables.palette import BRIGHT, CROSSING, DIM, FAINT, ORANGE, TEXT
from app.screens.actions import HOME, bindings, hints
from app.source import bundled_samples, list_traces
from app.widgets.key_bar import KeyBar
from lessons.catalogue import Lesson, lessons

Machine: TypeAlias = tuple[tuple[str, bool], ...]
LAB: Final = (
    ("demo", "kafkascope demo"),
    ("race", "kafkascope race"),
    ("record", "kafkascope record -- CMD"),
)


class HomeScreen(Screen[None]):
    """Lists what can be opened; it starts no probe.

    ``machine``: each probe's name, and whether it works here, as whoever asked them found out.
    """

    BINDINGS = bindings(tuple(action for action in HOME if action.name != "open"))
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012  Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-short"), (30, "-normal-high")]  # noqa: RUF012  Textual's form

    language: reactive[str] = reactive("en")
    rows: reactive[tuple[TraceRow, ...] | None] = reactive(None)

    def __init__(self, machine: Machine = (), *, language: str = "en") -> None:
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
                yield Static(id="lab-title", classes="heading")
                yield Static(id="lab")
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
        for area in ("traces", "lab", "lessons", "machine"):
            self.query_one(f"#{area}-title", Static).update(t(f"home.{area}"))
        self.query_one("#lab", Static).update(lab_lines())
        self.query_one("#machine", Static).update(machine_lines(self._machine))
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
            options.add_option(Option(lesson_line(lesson, self.language), id=lesson.id))
        if not found:
            options.add_option(Option(Text(t("home.lessons_none"), DIM), disabled=True))
        else:
            options.highlighted = 0

    @on(OptionList.OptionSelected, "#traces")
    def _open_trace(self, event: OptionList.OptionSelected) -> None:
        if self.rows:
            self.post_message(TraceChosen(self.rows[event.option_index].path))

    @on(OptionList.OptionSelected, "#lessons")
    def _open_lesson(self, event: OptionList.OptionSelected) -> None:
        self.post_message(LessonChosen(lessons()[event.option_index]))


def trace_line(row: TraceRow) -> Text:
    """One saved trace: name, probe, date, number of events; or why it cannot be read."""
    name = fit(row.path.stem, 22)
    line = Text(name + " " * (24 - cell_len(name)), BRIGHT)
    if row.problem:
        return line.append(t("home.unreadable"), ORANGE)
    line.append(f"{row.probe:<10}", CROSSING)
    line.append(f"{row.created[:16].replace('T', ' '):<18}", DIM)
    return line.append(f"{row.events:>8} {t('home.column_events')}", TEXT)


def lab_lines() -> Text:
    """What can be run: each command, and below it what it does."""
    lines = Text()
    for name, command in LAB:
        lines.append(f"{command}\n", CROSSING).append(f"  {t(f'home.lab_{name}')}\n", DIM)
    return lines


def machine_lines(machine: Machine) -> Text:
    """A line a probe: whether it works here, and what it sees."""
    if not machine:
        return Text(t("home.machine_unknown"), TEXT)
    lines = Text()
    for name, works in machine:
        lines.append("● " if works else "○ ", CROSSING if works else FAINT)
        lines.append(f"{name}\n", BRIGHT if works else DIM)
        said = t(f"home.probe_{name}") if works else t("home.probe_absent")
        lines.append(f"  {said}\n", DIM)
    return lines


def lesson_line(lesson: Lesson, language: str) -> Text:
    """One lesson: its title and length, below it what it promises."""
    line = Text(f"{lesson.order}. {lesson.title.text(language)}", BRIGHT)
    line.append(f"  {t('home.minutes', minutes=lesson.minutes)}", CROSSING)
    return line.append(f"\n{lesson.goal.text(language)}", DIM)
