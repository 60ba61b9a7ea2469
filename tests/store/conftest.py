"""A store in a folder of its own, under a clock the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.identifiers import Millis
from store.database import Store


class Clock:
    """Time stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> Millis:
        return Millis(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "data", clock=clock, busy_ms=200) as opened:
        yield opened
