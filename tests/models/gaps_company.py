"""A company whose scores are known: clustered customers, days that depend on each other, a drop at a known day."""

from dataclasses import dataclass

import numpy as np

from models.gaps.days import Day
from models.gaps.series import DayTable, Series, table_of

TRUTH = 80.0


@dataclass(frozen=True)
class Company:
    """``r`` is the day effects' lag-1 correlation; all spreads are in points."""

    days: int = 42
    customers: int = 300
    per_day: float = 20.0
    customer_spread: float = 10.0
    day_spread: float = 3.0
    r: float = 0.0
    contact_spread: float = 15.0
    drop: float = 0.0
    drop_at: int = 0
    back_at: int = 100_000

    def series(self, rng: np.random.Generator) -> Series:
        """Draw what happened; some customers contact forty times as often as others."""
        habit = rng.gamma(0.5, 1.0, self.customers)
        habit /= habit.sum()
        taste = rng.normal(0.0, self.customer_spread, self.customers)
        taste -= (habit * taste).sum()
        group = rng.integers(0, 32, self.customers)
        day = np.repeat(np.arange(self.days), rng.poisson(self.per_day, self.days))
        who = rng.choice(self.customers, day.size, p=habit)
        fallen = (day >= self.drop_at) & (day < self.back_at)
        score = TRUTH + taste[who] + self.moods(rng)[day] - self.drop * fallen
        score += rng.normal(0.0, self.contact_spread, day.size)
        n, f = np.zeros((self.days, 32)), np.zeros((self.days, 32))
        np.add.at(n, (day, group[who]), 1)
        np.add.at(f, (day, group[who]), score)
        return Series(Day(0), n, f, 0 * n, 0 * n)

    def moods(self, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Draw the day effects, an autoregression of order one."""
        out = np.zeros(self.days)
        shocks = rng.normal(0.0, self.day_spread, self.days)
        out[0] = shocks[0]
        for i in range(1, self.days):
            out[i] = self.r * out[i - 1] + np.sqrt(1 - self.r**2) * shocks[i]
        return out


def table(series: Series, first: int, unit: str = "journey", cause: str = "late") -> DayTable:
    """Return the day table that cells of these scores would give, everything lost being lost to one cause."""
    cells = []
    for day, group in zip(*np.nonzero(series.n), strict=True):
        n, f = int(series.n[day, group]), round(100 * float(series.f[day, group]))
        counts = {f"{unit}.n": n, f"{unit}.f": f, f"{unit}.loss.{cause}": 10_000 * n - f}
        cells.append((Day(first + int(day)), int(group), counts))
    return table_of(cells)
