"""A customer's score: all journeys, the recent and the bad weighing more, never shrunk to a segment.

C = Σ ω_j J_j, ω ∝ v · 2^(−age / 365 d), v = clip(90 / J, 1, 3). The weight v is smooth so that improving a journey can
never lower C.
"""

from collections.abc import Iterable
from typing import NamedTuple

from models.identifiers import Centi, Millis
from models.policy import Policy
from models.rounding import nearest
from models.scoring.memory import weight

ONE = 1 << 32


class Standing(NamedTuple):
    """One journey as a customer's score sees it; in the order they ended."""

    ended: Millis
    key: str
    score: int
    said: bool
    """The score is an answer."""


def emphasis(score: int, policy: Policy) -> tuple[int, int]:
    """Return (v·J, v) in fixed point of 2³²: how much a journey of ``score`` counts for being bad.

    >>> from models.policy import default
    >>> [emphasis(score, default())[1] / ONE for score in (10_000, 4_500, 3_000, 40)]
    [1.0, 2.0, 3.0, 3.0]
    """
    good = policy.memory_good
    if score >= good:
        return score * ONE, ONE
    most = policy.memory_most * ONE // 100
    if score * policy.memory_most <= good * 100:
        return score * most, most
    return good * ONE, good * ONE // score


class Remembered:
    """Journeys added one by one, in the order they ended; the score after each is the customer's as of then."""

    __slots__ = ("answered", "count", "mass", "policy", "total")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.total = 0
        self.mass = 0
        self.answered = 0
        self.count = 0

    def add(self, standing: Standing) -> int:
        """Remember one more journey; return its weight in this sum."""
        product, v = emphasis(standing.score, self.policy)
        recalled = weight(standing.ended, self.policy.half_life)
        mass = recalled * v
        self.total += recalled * product
        self.mass += mass
        self.count += 1
        if standing.said:
            self.answered += mass
        return mass

    @property
    def score(self) -> Centi | None:
        """The customer's score, ``None`` when there is nothing to remember."""
        return Centi(nearest(self.total, self.mass)) if self.mass else None

    @property
    def observed_share(self) -> float:
        """The share of the score's weights that lies on what the customer said."""
        return self.answered / self.mass if self.mass else 0.0


def score_customer(journeys: Iterable[tuple[int, int]], policy: Policy, asof: int | None = None) -> Centi | None:
    """Return the score of a customer whose ``journeys`` are (ended, score) pairs; no journey, no score.

    With ``asof`` what ended later is left out. (All weights fade alike, so nothing else depends on it.)

    >>> from models.policy import default
    >>> from models.identifiers import DAY
    >>> past = [(0, 9500), (200 * DAY, 9000), (270 * DAY, 8800), (300 * DAY, 40)]
    >>> score_customer(past, default())
    4001
    """
    memory = Remembered(policy)
    for ended, score in journeys:
        if asof is None or ended <= asof:
            memory.add(Standing(Millis(ended), "", score, said=False))
    return memory.score
