"""The detector over a store: how much it reads does not change what it finds."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from models.cells import CellKey, Counts
from models.effects import Effects
from models.gaps.days import day_from
from models.gaps.gap import Gap, State
from models.gaps.metrics import SCORES
from models.gaps.series import DayTable
from models.identifiers import DAY, Millis, Offset, Partition
from store.database import Store
from streams import gap_detector
from streams.gap_detector import GapDetector
from streams.leadership import Leadership
from tests.models.gaps_company import Company

FIRST = day_from(date(2026, 1, 1))
DAYS, DROP, BACK = 330, 150, 210
SHOP, COMMON = "touchpoint:shop", "all"


def lived(store: Store) -> Iterator[int]:
    """Write day after day of a company whose shop grows worse for a while; yield each day once it is written."""
    policy = store.definitions.current().active.version
    company = Company(days=DAYS, drop=12.0, drop_at=DROP, back_at=BACK, day_spread=1.0, customer_spread=4.0)
    series = company.series(np.random.default_rng(5))
    for day in range(DAYS):
        at = Millis((FIRST + day) * DAY)
        cells: dict[CellKey, Counts] = {}
        for group in np.flatnonzero(series.n[day]).tolist():
            n, f = int(series.n[day, group]), round(100 * float(series.f[day, group]))
            counts = {"journey.n": n, "journey.f": f, "journey.loss.late": 10_000 * n - f}
            cells |= {CellKey(policy, scope, "day", at, group): counts for scope in (COMMON, SHOP)}
        where = store.partitions.position(Partition(0))
        effects = Effects(where.partition, where.next_offset, Offset(where.next_offset + 1), where.epoch, at)
        effects.cells, effects.counters.received = cells, 1
        store.checkpoint(effects)
        yield day


def detector(store: Store) -> GapDetector:
    leadership = Leadership(store)
    leadership.claim(Millis(0))
    return GapDetector(store, leadership)


def found(store: Store) -> list[Gap]:
    return sorted((kept.gap for kept in store.gaps.all()), key=lambda gap: gap.id)


def counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by how many days each reading of tables asks for."""
    read: list[int] = []
    tables = store.day_tables.tables

    def counting(policy: str, scopes: Iterable[str], days: tuple[int, int]) -> dict[str, DayTable]:
        read.append(days[1] - days[0] + 1)
        return tables(policy, scopes, days)

    monkeypatch.setattr(store.day_tables, "tables", counting)
    return read


def test_days_that_are_not_read_would_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as open_ones:
        frugal, thorough = (open_ones.enter_context(Store.open(tmp_path / name)) for name in ("frugal", "thorough"))
        one, other = detector(frugal), detector(thorough)
        read = counted(frugal, monkeypatch)
        for day, _ in zip(lived(frugal), lived(thorough), strict=True):
            if day % 10 == 0 or DROP < day < DROP + 25 or day == DAYS - 1:
                now = Millis((FIRST + day) * DAY + DAY // 2)
                one.tick(now)
                with monkeypatch.context() as everything:
                    everything.setattr(gap_detector, "days_needed", lambda *_: date(1970, 1, 1))
                    other.tick(now)
                assert found(frugal) == found(thorough), day
        states = {gap.state for gap in found(frugal) if gap.scope == SHOP}
        assert State.CLOSED in states
        assert max(read) < DAYS - 60
        assert read[-1] < 180


def test_customers_are_looked_for_only_where_they_are_counted(tmp_path: Path) -> None:
    with Store.open(tmp_path / "data") as store:
        next(lived(store))
        definitions = store.definitions.current()
        watch = detector(store)._watch(definitions, (FIRST, FIRST), Millis(FIRST * DAY))
        searched = set(watch.searched)
        assert {(metric, COMMON) for metric in SCORES} <= searched
        assert {metric for metric, scope in searched if scope == SHOP} == {"contact_score", "journey_score"}
