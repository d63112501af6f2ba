"""The stage: owner of one reactive moment, and of the transport that moves it."""

from pathlib import Path
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.screen import Screen

from app.messages import PlayheadMoved, StepChosen, TraceFailed, TraceOpened
from app.moment import OpenedTrace, View
from app.renderables.palette import LOOKS
from app.screens.actions import STAGE, bindings, hints
from app.screens.transport import SPEEDS, Transport, chapter_step, first_step
from app.source import TraceSource
from app.widgets.counters_pane import CountersPane
from app.widgets.key_bar import KeyBar
from app.widgets.legend_pane import LegendPane
from app.widgets.moment_pane import MomentPane
from app.widgets.stage_pane import StagePane
from app.widgets.status_pane import StatusPane
from app.widgets.timeline_pane import TimelinePane
from app.widgets.walkthrough_pane import WalkthroughPane

TICK: Final = 0.06


class StageScreen(Screen[None]):
    """One trace, walked through. ``at``: where to begin, as a share of the steps (0 to 1)."""

    BINDINGS = bindings(STAGE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]  # noqa: RUF012  Textual's form
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-short"), (30, "-normal-high"), (50, "-tall")]  # noqa: RUF012  Textual's form

    view: reactive[View | None] = reactive(None)
    trace: reactive[OpenedTrace | None] = reactive(None)
    progress: reactive[float] = reactive(1.0)
    playing: reactive[bool] = reactive[bool](default=False)
    speed: reactive[float] = reactive(1.0)
    explain: reactive[bool] = reactive[bool](default=False)
    problem: reactive[str] = reactive("")
    language: reactive[str] = reactive("en")

    def __init__(self, path: Path, *, language: str = "en", at: float = 0.0) -> None:
        super().__init__()
        self.set_reactive(StageScreen.language, language)
        self._source = TraceSource(self, path)
        self._transport = Transport()
        self._at = at

    def compose(self) -> ComposeResult:
        """Yield the panes, each bound to what it shows."""
        here = StageScreen
        moment = (here.view, here.language)
        yield StatusPane(id="status").data_bind(
            *moment, here.trace, here.playing, here.speed, here.problem
        )
        with Horizontal(id="middle"):
            yield WalkthroughPane(id="walkthrough").data_bind(*moment, here.explain)
            with Vertical(id="right"):
                yield StagePane(id="stage").data_bind(*moment, here.progress)
                yield LegendPane(id="legend").data_bind(here.language)
                yield MomentPane(id="moment").data_bind(*moment, here.explain)
                yield CountersPane(id="counters").data_bind(*moment, here.trace)
        yield TimelinePane(id="timeline").data_bind(*moment, here.trace)
        yield KeyBar(hints(STAGE), id="keys").data_bind(here.language)

    def on_mount(self) -> None:
        """Begin to read, and start the clock of all motion."""
        self._source.open()
        self.set_interval(TICK, self._tick)

    def on_unmount(self) -> None:
        """Close the trace."""
        self._source.close()

    @on(TraceOpened)
    def _opened(self, message: TraceOpened) -> None:
        position = self.view.frame.position if self.view else None
        self.trace = message.trace
        steps = message.trace.steps
        if position is None:
            self._go(first_step(message.trace, self._at))
        else:
            self._go(sum(1 for index in steps if index < position))

    @on(TraceFailed)
    def _failed(self, message: TraceFailed) -> None:
        self.problem = message.reason
        self.playing = False

    @on(PlayheadMoved)
    def _moved(self, message: PlayheadMoved) -> None:
        forward = self.view is not None and message.view.step == self.view.step + 1
        moving = any(move.how in LOOKS for move in message.view.frame.moves)
        animate = forward and moving and self.app.animation_level != "none"
        self._transport.begin(animate=animate, moving=moving)
        self.progress = self._transport.progress
        self.view = message.view

    @on(StepChosen)
    def _chosen(self, message: StepChosen) -> None:
        self._go(message.step)

    def _tick(self) -> None:
        if self._transport.tick(TICK * self.speed):
            self.progress = self._transport.progress
        elif self.playing and self._transport.over and self.view is not None:
            if self.view.step + 1 < self.view.steps:
                self._transport.wait()
                self._source.show(self.view.step + 1)
            else:
                self.playing = False

    def _go(self, step: int) -> None:
        if self.trace is not None and self.trace.steps:
            self._source.show(max(0, min(step, len(self.trace.steps) - 1)))

    def _by(self, count: int) -> None:
        if self.view is not None:
            self._go(self.view.step + count)

    def action_play(self) -> None:
        """Play or pause."""
        self.playing = not self.playing

    def action_next(self) -> None:
        """One step forward."""
        self._by(1)

    def action_previous(self) -> None:
        """One step back."""
        self._by(-1)

    def action_right(self) -> None:
        """Ten steps forward."""
        self._by(10)

    def action_left(self) -> None:
        """Ten steps back."""
        self._by(-10)

    def action_first(self) -> None:
        """To the first step."""
        self._go(0)

    def action_last(self) -> None:
        """To the last step."""
        self._go(1 << 62)

    def action_jump(self, tenth: int) -> None:
        """To a tenth of the way."""
        if self.trace is not None:
            self._go(len(self.trace.steps) * tenth // 10)

    def action_chapter_next(self) -> None:
        """To the start of the next chapter."""
        if self.trace and self.view:
            self._go(chapter_step(self.trace, self.view.step, 1))

    def action_chapter_previous(self) -> None:
        """To the start of this chapter, or of the one before."""
        if self.trace and self.view:
            self._go(chapter_step(self.trace, self.view.step, -1))

    def action_fd_next(self) -> None:
        """To the next call on the same descriptor."""
        if self.view:
            self._source.show_same_fd(self.view.step, 1)

    def action_fd_previous(self) -> None:
        """To the call before on the same descriptor."""
        if self.view:
            self._source.show_same_fd(self.view.step, -1)

    def action_faster(self) -> None:
        """Play faster."""
        self.speed = next((speed for speed in SPEEDS if speed > self.speed), self.speed)

    def action_slower(self) -> None:
        """Play slower."""
        self.speed = next((speed for speed in reversed(SPEEDS) if speed < self.speed), self.speed)

    def action_all_events(self) -> None:
        """Walk through every event, or through the story."""
        if self.trace is not None:
            self._source.choose(all_events=not self.trace.all_events)

    def action_essence(self) -> None:
        """Show or hide what the system call is for."""
        self.explain = not self.explain
        self.set_class(self.explain, "-explain")

    def action_walkthrough(self) -> None:
        """Show or hide the walkthrough; on a narrow screen it takes the stage's place."""
        self.toggle_class("-toggled")

    def action_back(self) -> None:
        """Back to the home screen."""
        self.dismiss()
