"""A hand-made trace, and a way to wait for what the program does."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from textual.pilot import Pilot

from app.app import KafkascopeApp
from app.i18n import set_language
from app.moment import View
from app.screens.stage_screen import StageScreen
from tests.traces.journey import write_journey
from traces.replay.replay import Replay
from traces.trace_file import TraceReader

PATIENCE = 20.0


async def wait_for(pilot: Pilot[None], true: Callable[[], bool], what: str) -> None:
    """Let the program run until ``true()``; fails after PATIENCE seconds with ``what``."""
    deadline = monotonic() + PATIENCE
    while not true():
        assert monotonic() < deadline, f"waited in vain for {what}"
        await pilot.pause(0.01)
    await pilot.pause()


def stage_of(app: KafkascopeApp) -> StageScreen:
    """The stage on top of the screens."""
    screen = app.screen
    assert isinstance(screen, StageScreen)
    return screen


def view_of(app: KafkascopeApp) -> View:
    """The moment on the stage."""
    view = stage_of(app).view
    assert view is not None
    return view


async def on_stage(pilot: Pilot[None], app: KafkascopeApp) -> None:
    """Wait for the first moment."""
    await wait_for(
        pilot,
        lambda: isinstance(app.screen, StageScreen) and app.screen.view is not None,
        "the first moment",
    )


Press = Callable[[str, int], Awaitable[None]]


async def press_to(pilot: Pilot[None], app: KafkascopeApp, key: str, step: int) -> None:
    """Press a key and wait until the playhead stands on ``step``."""
    await pilot.press(key)
    await wait_for(pilot, lambda: view_of(app).step == step, f"step {step} after {key}")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand-made trace."""
    return write_journey(tmp_path_factory.mktemp("journey") / "journey.trace")


@pytest.fixture(scope="session")
def views(journey: Path) -> tuple[View, ...]:
    """Every step of the journey's story."""
    reader = TraceReader(journey)
    replay = Replay(reader)
    found = tuple(
        View(replay.frame(index), (), step, len(replay.story))
        for step, index in enumerate(replay.story)
    )
    reader.close()
    return found
