"""The application: home and stage, one language for all, one palette of commands."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from textual import on
from textual.app import App, SystemCommand
from textual.screen import Screen

from app.i18n import LANGUAGES, set_language, t
from app.messages import LessonChosen, TraceChosen
from app.screens.actions import HOME, LESSON, STAGE, Action
from app.screens.help_screen import HelpScreen
from app.screens.home_screen import HomeScreen, Machine
from app.screens.lesson_screen import LessonScreen
from app.screens.stage_screen import StageScreen


class KafkascopeApp(App[None]):
    """Opens ``trace`` on the stage, or the home screen without one.

    ``language``: en or zh. ``machine``: each probe's name and whether it works here, for
    the home screen; screens start no probe. ``at``: where on the stage to begin, 0 to 1.
    """

    TITLE = "kafkascope"
    CSS_PATH = "kafkascope.tcss"

    def __init__(
        self,
        trace: Path | None = None,
        language: str = "en",
        machine: Machine = (),
        *,
        at: float = 0.0,
    ) -> None:
        super().__init__()
        set_language(language)
        self._language = language
        self._trace = trace
        self._machine = machine
        self._at = at

    def on_mount(self) -> None:
        """Show the home screen, and the stage over it if a trace was named."""
        self.push_screen(HomeScreen(self._machine, language=self._language))
        if self._trace is not None:
            self.push_screen(StageScreen(self._trace, language=self._language, at=self._at))

    @on(TraceChosen)
    def _chosen(self, message: TraceChosen) -> None:
        self.push_screen(StageScreen(message.path, language=self._language))

    @on(LessonChosen)
    def _lesson_chosen(self, message: LessonChosen) -> None:
        self.push_screen(LessonScreen(message.lesson, language=self._language))

    def action_language(self) -> None:
        """Speak the other language, everywhere, at once."""
        self._language = LANGUAGES[(LANGUAGES.index(self._language) + 1) % len(LANGUAGES)]
        set_language(self._language)
        for screen in self.screen_stack:
            if isinstance(screen, HomeScreen | LessonScreen | StageScreen):
                screen.language = self._language

    def action_help(self) -> None:
        """Show the keys of this screen."""
        self.push_screen(HelpScreen(_actions_of(self.screen)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer the registry's actions in the command palette."""
        for action in _actions_of(screen):
            if action.name in ("jump", "open"):
                continue
            run = partial(screen.run_action, action.call)
            yield SystemCommand(t(action.title), t(f"group.{action.group}"), run)


def _actions_of(screen: Screen[object]) -> tuple[Action, ...]:
    if isinstance(screen, StageScreen):
        return STAGE
    return LESSON if isinstance(screen, LessonScreen) else HOME
