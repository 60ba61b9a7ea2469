"""A store of each kind, in a folder or a database of its own, under a clock the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.identifiers import Millis
from store.address import Address
from store.database import Store
from store.making import LogFacts

BUSY_MS = 200


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
def sqlite_store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Yield a store in a data folder, with its log."""
    with Store.open(tmp_path / "data", clock=clock, busy_ms=BUSY_MS) as opened:
        yield opened


@pytest.fixture
def postgres_store(postgres: str, clock: Clock) -> Iterator[Store]:
    """Yield a store on PostgreSQL, built from a log that nobody sees."""
    with Store.connect(Address(postgres, busy_ms=BUSY_MS), log=LogFacts("a log", 16), clock=clock) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Store:
    """Return a store of each kind in turn."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made
