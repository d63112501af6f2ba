"""A clock that stands still until a test moves it."""

from engine.common.system_time import SystemTime


class MockTime(SystemTime):
    """Both clocks at once; ``sleep`` takes no time."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self.now_ms = now_ms

    def milliseconds(self) -> int:
        """What the test says."""
        return self.now_ms

    def hi_res_clock_ms(self) -> int:
        """What the test says."""
        return self.now_ms

    def sleep(self, ms: int) -> None:
        """Moves the clock on."""
        self.now_ms += ms
