"""Pictures of the program, made by running it without a terminal: ``make screenshots``."""

import argparse
import asyncio
import html
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from rich.cells import cell_len
from textual.pilot import Pilot

from app.app import KafkascopeApp
from app.i18n import LANGUAGES
from app.screens.home_screen import HomeScreen
from app.screens.stage_screen import StageScreen
from app.source import bundled_samples
from app.telling_moment import telling_moment

SIZES = ((80, 24), (120, 40), (200, 60))
PATIENCE = 30.0
TEXT_RUN = re.compile(r'(<text [^>]*?)textLength="([\d.]+)"([^>]*)>([^<]*)</text>')


async def _until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Let the program run until ``true()``; TimeoutError after PATIENCE seconds."""
    deadline = monotonic() + PATIENCE
    while not true():
        if monotonic() > deadline:
            raise TimeoutError("The picture did not appear in time: is the machine overloaded?")
        await pilot.pause(0.02)
    await pilot.pause()


def _ready(app: KafkascopeApp) -> bool:
    screen = app.screen
    if isinstance(screen, StageScreen):
        return screen.view is not None or bool(screen.problem)
    return isinstance(screen, HomeScreen) and screen.rows is not None


async def _picture(app: KafkascopeApp, out: Path, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        await _until(pilot, lambda: _ready(app))
        picture = app.export_screenshot(title="kafkascope")
        out.write_text(with_true_widths(picture), encoding="utf-8")


def with_true_widths(svg: str) -> str:
    """The picture with each run of text as wide as its cells.

    Rich gives a run as many cells as it has characters; Chinese characters take two each.
    """

    def widen(run: re.Match[str]) -> str:
        head, length, tail, text = run.groups()
        content = html.unescape(text)
        width = float(length) * cell_len(content) / max(len(content), 1)
        return f'{head}textLength="{width:g}"{tail}>{text}</text>'

    return TEXT_RUN.sub(widen, svg)


def save_stage_svg(
    trace: Path, out: Path, size: tuple[int, int] = (120, 40), language: str = "en", at: float = 0.6
) -> None:
    """Write the stage at ``at`` (0 to 1) of the steps as SVG; ``size`` in columns and rows."""
    asyncio.run(_picture(KafkascopeApp(trace, language, at=at), out, size))


def save_home_svg(out: Path, size: tuple[int, int] = (120, 40), language: str = "en") -> None:
    """Write the home screen as SVG."""
    asyncio.run(_picture(KafkascopeApp(None, language), out, size))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw all pictures again; returns the exit code."""
    parser = argparse.ArgumentParser(description="draw screenshots/ from a trace")
    parser.add_argument("--trace", type=Path, default=bundled_samples() / "journey.trace")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--at", type=float, help="which moment, 0 to 1")
    chosen = parser.parse_args(arguments)
    if not chosen.trace.is_file():
        sys.stderr.write(f"There is no trace {chosen.trace}: name one with --trace.\n")
        return 2
    chosen.out.mkdir(parents=True, exist_ok=True)
    at = telling_moment(chosen.trace) if chosen.at is None else chosen.at
    for language in LANGUAGES:
        for width, height in SIZES:
            end = f"{width}x{height}-{language}.svg"
            size = (width, height)
            save_stage_svg(chosen.trace, chosen.out / f"stage-{end}", size, language, at)
            save_home_svg(chosen.out / f"home-{end}", size, language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
