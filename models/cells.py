"""Cells: what happened in one scope and one span of time, as exact integer counts that add, merge and retract.

A cell's counts are a finite map from a measure's key to an integer: an abelian group under ``add``, so any
order of adding, merging and retracting gives the same bits. Keys are ``unit.moment``: ``contact.n`` contacts,
``contact.f`` sum of inferred scores, ``contact.ff`` sum of their squares, ``contact.loss.wait`` points lost to waiting,
``contact.said`` answered units, ``contact.gap`` sum of (inferred − said) over them, ``contact.gap2`` its squares,
``contact.good`` good contacts …; units are ``contact``, ``journey`` and ``customer``. Scores are hundredths of a point.

For every unit ``10 000 · n − f = Σ loss − repaired + unexplained + earlier``: ``repaired`` was given back,
``unexplained`` was said by a customer of whom no event tells (``only`` counts those units: their f is what they said,
their gap nothing), ``earlier`` is a customer's share for the journeys before. ``unscored`` units have no ``n``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lcm
from typing import Literal, NamedTuple

import msgspec

from models.identifiers import DAY, FULL, HOUR, MINUTE, Centi, Millis
from models.rounding import apportioned, nearest

Counts = dict[str, int]
Grain = Literal["5m", "hour", "day"]
Unit = Literal["contact", "journey", "customer"]

SPAN: dict[Grain, Millis] = {"5m": Millis(5 * MINUTE), "hour": HOUR, "day": DAY}
GROUPS = 32
"""Customer-hash groups in which day cells are kept, so that one customer's forty events do not count as forty."""


class CellKey(NamedTuple):
    """Which cell: under which policy, for which scope, over which span; ``group`` is −1 but for days."""

    policy: str
    scope: str
    grain: Grain
    bucket: Millis
    group: int


class Contribution(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one unit (a contact, a journey, a customer at a journey's end) adds to the cells of its scopes.

    ``live`` contributions also go to the five-minute cells; history only to hours and days.
    """

    policy: str
    scopes: tuple[str, ...]
    at: Millis
    live: bool
    counts: Counts


def add(into: Counts, counts: Mapping[str, int], sign: int = 1) -> None:
    """Add ``sign`` × ``counts`` to ``into``, in place; what becomes zero leaves.

    >>> total = {"contact.n": 1}
    >>> add(total, {"contact.n": 1, "contact.f": 9000})
    >>> add(total, {"contact.n": 2}, sign=-1); total
    {'contact.f': 9000}
    """
    for key, value in counts.items():
        total = into.get(key, 0) + sign * value
        if total:
            into[key] = total
        else:
            into.pop(key, None)


def bucket_of(at: int, grain: Grain) -> Millis:
    """Return the start of the span of ``grain`` that holds ``at``.

    >>> bucket_of(3_723_000, "hour")
    3600000
    """
    return Millis(at - at % SPAN[grain])


def merged(parts: Iterable[Mapping[str, int]]) -> Counts:
    """Return the sum of ``parts``."""
    total: Counts = {}
    for part in parts:
        add(total, part)
    return total


MIN_ANSWERS = 30
"""From this many answered units on, what customers said corrects what the events say."""

SAID = "said"
"""The line "said by the customer, not explained by events"; signed."""
REPAIRED = "repaired"
"""The line of points given back; negative."""
EARLIER = "earlier"
"""The line of a customer's earlier journeys, still remembered."""


@dataclass(frozen=True, slots=True)
class ScopeScore:
    """A scope's score: ``value`` in hundredths, ``None`` when nothing was scored.

    ``causes`` are hundredths of a point per unit and sum exactly to ``10 000 − value``. ``low`` and ``high`` bound the
    value at 95 %, ``None`` unless computed from group cells (``models.scoring.spread``). ``observed_share`` is 0 to 1;
    ``corrected`` tells that answers moved the value.
    """

    metric: str
    n: int
    value: Centi | None
    low: Centi | None
    high: Centi | None
    observed_share: float
    causes: dict[str, int]
    answered: int
    corrected: bool
    good: int
    unscored: int

    @property
    def good_rate(self) -> float | None:
        """The share of units that were good, 0 to 1."""
        return self.good / self.n if self.n else None


def value_of(counts: Mapping[str, int], unit: Unit) -> ScopeScore:
    """Return the score of ``unit`` that ``counts`` hold: S = 100 − Σ_c(loss_c / n) − mean(f − Y).

    The last term is the line ``said``. With 30 answers or more it is the mean of (inferred − said) over the answered,
    and speaks for the silent too; with fewer it is their sum over all n, so that each answer replaces the score of its
    own unit alone.

    >>> counts = {"journey.n": 3, "journey.f": 29_000, "journey.loss.wait": 700, "journey.loss.late": 300}
    >>> score = value_of(counts, "journey")
    >>> score.metric, score.value, score.causes
    ('journey_score', 9667, {'wait': 233, 'late': 100})
    """
    n = counts.get(f"{unit}.n", 0)
    said = counts.get(f"{unit}.said", 0)
    unscored = counts.get(f"{unit}.unscored", 0)
    metric = f"{unit}_score"
    if n <= 0:
        return ScopeScore(metric, 0, None, None, None, 0.0, {}, said, corrected=False, good=0, unscored=unscored)
    corrected = said >= MIN_ANSWERS
    exact, denominator = _shortfall(counts, unit, n, said if corrected else n)
    short = nearest(sum(exact.values()), denominator)
    return ScopeScore(
        metric=metric,
        n=n,
        value=Centi(FULL - short),
        low=None,
        high=None,
        observed_share=_observed_share(counts, unit, n, said),
        causes=apportioned(exact, denominator, short),
        answered=said,
        corrected=corrected,
        good=counts.get(f"{unit}.good", 0),
        unscored=unscored,
    )


def _shortfall(counts: Mapping[str, int], unit: Unit, n: int, speaking: int) -> tuple[dict[str, int], int]:
    """Return what is missing by line, as numerators over one denominator; in all neither below 0 nor above 100.

    What customers said beyond the events is averaged over ``speaking`` units.
    """
    denominator = lcm(n, speaking)
    each = denominator // n
    prefix = f"{unit}.loss."
    exact = {key[len(prefix) :]: value * each for key, value in counts.items() if key.startswith(prefix)}
    more = {
        REPAIRED: -counts.get(f"{unit}.repaired", 0) * each,
        SAID: counts.get(f"{unit}.unexplained", 0) * each + counts.get(f"{unit}.gap", 0) * (denominator // speaking),
        EARLIER: counts.get(f"{unit}.earlier", 0) * each,
    }
    exact |= {line: value for line, value in more.items() if value}
    short = sum(exact.values())
    if SAID in exact:
        exact[SAID] += min(FULL * denominator, max(0, short)) - short
    return exact, denominator


def _observed_share(counts: Mapping[str, int], unit: Unit, n: int, said: int) -> float:
    return counts.get("customer.share", 0) / (n * FULL) if unit == "customer" else said / n
