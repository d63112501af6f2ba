"""The program, driven by its keys, on a hand-made trace."""

from pathlib import Path

import pytest
from textual.binding import Binding

from app.app import KafkascopeApp
from app.messages import TraceChosen, TraceRow
from app.moment import View
from app.screens.actions import HOME, STAGE, bindings
from app.screens.help_screen import HelpScreen, help_text
from app.screens.home_screen import HomeScreen, trace_line
from app.screens.lesson_screen import LessonScreen
from app.screens.stage_screen import StageScreen
from app.screenshots import main, save_stage_svg, with_true_widths
from app.source import find_traces
from app.telling_moment import telling_moment
from app.widgets.stage_pane import StagePane
from tests.app.stage.conftest import on_stage, press_to, stage_of, view_of, wait_for

SIZES = ((40, 12), (80, 24), (120, 40), (200, 60))


async def test_a_step_forward_and_back_is_the_same_moment(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        await press_to(pilot, app, "right", 10)
        there = view_of(app)
        picture = stage_of(app).query_one(StagePane).draw(80, 24).plain()
        await press_to(pilot, app, "full_stop", 11)
        await press_to(pilot, app, "comma", 10)
        assert view_of(app) == there
        stage_of(app).progress = 1.0
        assert stage_of(app).query_one(StagePane).draw(80, 24).plain() == picture


async def test_chapters_tenths_and_ends(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        assert view_of(app).frame.chapter == "produce"
        await pilot.press("right_square_bracket")
        await wait_for(
            pilot, lambda: view_of(app).frame.chapter == "fetch by sendfile", "the next chapter"
        )
        await press_to(pilot, app, "left_square_bracket", 0)
        last = view_of(app).steps - 1
        await press_to(pilot, app, "end", last)
        await press_to(pilot, app, "5", (last + 1) // 2)
        await press_to(pilot, app, "home", 0)


async def test_the_same_descriptor_is_found_in_both_directions(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        await press_to(pilot, app, "full_stop", 1)
        await press_to(pilot, app, "right", 11)
        await press_to(pilot, app, "full_stop", 12)
        here = view_of(app).frame.syscall
        assert here is not None
        await pilot.press("greater_than_sign")
        await wait_for(pilot, lambda: view_of(app).step > 12, "a later call")
        later = view_of(app).frame.syscall
        assert later is not None
        assert here.fds[0].fd in {fd.fd for fd in later.fds}
        await press_to(pilot, app, "less_than_sign", 12)


async def test_all_events_keep_the_moment(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        await press_to(pilot, app, "right", 10)
        position = view_of(app).frame.position
        await pilot.press("a")
        await wait_for(pilot, lambda: view_of(app).all_events, "all events")
        assert view_of(app).frame.position == position
        assert view_of(app).steps == view_of(app).frame.total


async def test_playing_goes_on_by_itself_and_stops_at_the_end(
    journey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = KafkascopeApp(journey, at=0.95)
    monkeypatch.setattr(app, "animation_level", "none")
    async with app.run_test(size=(80, 24)) as pilot:
        await on_stage(pilot, app)
        await pilot.press("plus", "plus", "plus", "plus", "space")
        last = view_of(app).steps - 1
        await wait_for(pilot, lambda: view_of(app).step == last, "the last step")
        await wait_for(pilot, lambda: not stage_of(app).playing, "the end")


async def test_motion_is_shown_unless_it_is_not_wanted(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        app.animation_level = "full"
        await press_to(pilot, app, "full_stop", 1)
        await press_to(pilot, app, "full_stop", 2)
        assert stage_of(app).progress < 1
        await press_to(pilot, app, "comma", 1)
        app.animation_level = "none"
        await press_to(pilot, app, "full_stop", 2)
        assert stage_of(app).progress == 1


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_something_in_both_languages(
    journey: Path, size: tuple[int, int]
) -> None:
    app = KafkascopeApp(journey, at=0.4)
    async with app.run_test(size=size) as pilot:
        await on_stage(pilot, app)
        assert "kernel" in app.export_screenshot(simplify=True)
        await pilot.press("l", "w", "m")
        await pilot.press("w", "m")
        text = app.export_screenshot(simplify=True)
        assert "内核态" in text
        assert "user" not in text


async def test_help_lists_every_key_and_closes(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        await pilot.press("question_mark")
        await wait_for(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, StageScreen), "the stage")


def test_the_registry_is_complete() -> None:
    page = help_text(STAGE).plain
    for action in STAGE:
        assert action.shown in page
        owner = KafkascopeApp if action.name in ("language", "help", "quit") else StageScreen
        assert hasattr(owner, f"action_{action.name}")
    own = {name for name in vars(StageScreen) if name.startswith("action_")}
    assert own <= {f"action_{action.name}" for action in STAGE}
    keys = [b.key for b in bindings(STAGE) if isinstance(b, Binding)]
    assert len(keys) == len(set(keys))


async def test_the_palette_offers_the_registry(journey: Path) -> None:
    app = KafkascopeApp(journey)
    async with app.run_test(size=(120, 40)) as pilot:
        await on_stage(pilot, app)
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert {"play or pause", "next chapter", "help"} <= offered
        assert len(offered) == len([a for a in STAGE if a.name != "jump"])


async def test_home_opens_a_trace_and_comes_back(journey: Path) -> None:
    app = KafkascopeApp(machine=(("bpf", True), ("strace", False)))
    async with app.run_test(size=(120, 40)) as pilot:
        home = app.screen
        assert isinstance(home, HomeScreen)
        await wait_for(pilot, lambda: home.rows is not None, "the list")
        assert "packets" in app.export_screenshot()
        assert "doctor" in app.export_screenshot()
        home.post_message(TraceChosen(journey))
        await on_stage(pilot, app)
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.screen is home, "the home screen")
        await pilot.press("l")
        assert "课程" in app.export_screenshot()
        assert HOME[0].name == "open"


async def test_a_lesson_is_read_in_both_languages_and_opens_its_trace() -> None:
    app = KafkascopeApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("tab", "enter")
        await wait_for(pilot, lambda: isinstance(app.screen, LessonScreen), "the lesson")
        await wait_for(pilot, lambda: "Predict" in app.export_screenshot(), "its text")
        await pilot.press("l")
        await wait_for(pilot, lambda: "预测" in app.export_screenshot(), "the Chinese text")
        await pilot.press("enter")
        await on_stage(pilot, app)
        await pilot.press("escape", "escape")
        await wait_for(pilot, lambda: isinstance(app.screen, HomeScreen), "the home screen")


async def test_a_file_that_is_no_trace_is_told_in_a_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.trace"
    bad.write_bytes(b"nothing of the kind")
    app = KafkascopeApp(bad)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(
            pilot,
            lambda: isinstance(app.screen, StageScreen) and bool(app.screen.problem),
            "the sentence",
        )
        await pilot.press("space", "full_stop", "a", "5", "right_square_bracket")
        assert stage_of(app).problem.endswith(".")


def test_saved_traces_are_listed_with_their_problems(journey: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.trace").write_bytes(b"x")
    good, bad = find_traces((journey.parent, tmp_path))
    assert (good.probe, good.events > 50, good.problem) == ("bpf", True, "")
    assert bad.problem
    assert "unreadable" in trace_line(bad).plain
    assert "bpf" in trace_line(TraceRow(journey, "bpf", "2025-01-01T00:00:00Z", 3)).plain


def test_a_picture_is_an_svg_of_the_stage(journey: Path, tmp_path: Path) -> None:
    out = tmp_path / "stage.svg"
    save_stage_svg(journey, out, (80, 24), "en", at=0.3)
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "sendfile" in text


def test_the_telling_moment_is_the_first_hand_over(journey: Path, views: tuple[View, ...]) -> None:
    step = round(telling_moment(journey) * (len(views) - 1))
    hand_overs = [v.step for v in views if any(m.how == "reference" for m in v.frame.moves)]
    assert step == hand_overs[0]


def test_chinese_is_two_cells_wide_in_a_picture() -> None:
    svg = '<text class="a" x="0" textLength="24.4" clip-path="b">页缓</text>'
    assert 'textLength="48.8"' in with_true_widths(svg)
    latin = '<text class="a" x="0" textLength="36.6">&lt;ab</text>'
    assert with_true_widths(latin) == latin


def test_no_trace_for_pictures_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--trace", str(tmp_path / "none.trace"), "--out", str(tmp_path)]) == 2
    assert "--trace" in capsys.readouterr().err
