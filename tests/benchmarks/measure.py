"""Medians of rounds, and a printed ratio."""

import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 5
WORST = 5.0


def seconds(run: Callable[[], object]) -> float:
    """How long one run takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def medians(runs: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of what each returns, run in turns so that a busy moment hits all of them."""
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(run())
    return {name: statistics.median(each) for name, each in times.items()}


def report(what: str, ours: float, bare: float, aim: float) -> None:
    """Print the share of the bare speed that is reached, and fail a gross loss."""
    share = bare / ours
    print(f"\n{what}: {ours * 1e3:.2f} ms, bare {bare * 1e3:.2f} ms, {share:.2f} of it (aim {aim})")
    assert share > aim / WORST
