"""Proposals for root causes, as evidence to accept or to reject: points lost, slices, and the words people use.

Never conclusions. What the ledger says adds up to the shortfall; slices of contacts add up too, slices of journeys and
themes of comments overlap and are only "associated". Where the figures are read is ``streams.experiment_causes``.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from experiments.root_causes import EvidenceKind
from experiments.themes import Theme
from models.gaps.causes import CauseLine

LEAST_GROUPS = 10
"""Customer groups a slice needs before its interval is given; below, it is not proposed."""
SURE = 0.975
MOST = 6
"""Proposals of one kind that are shown."""
QUOTE = 250
"""Characters of somebody's words that a statement repeats."""
NO_CAUSE = frozenset({"said", "repaired", "earlier"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One piece of evidence somebody may take up or reject.

    ``id`` stays the same while the gap does. ``points`` is its part of the shortfall, in the metric's unit;
    ``adds_up`` says whether such parts may be summed. ``cause`` is the ledger's name where it has one.
    """

    id: str
    kind: EvidenceKind
    statement: str
    cause: str = ""
    points: float | None = None
    adds_up: bool = False
    quotes: tuple[str, ...] = ()


def of_ledger(lines: Sequence[CauseLine], words: Mapping[str, str]) -> Iterator[Proposal]:
    """Yield the causes by points lost, the largest first; ``words`` names them.

    >>> lines = [CauseLine("wait", 300, 50), CauseLine("said", 100)]
    >>> [each.statement for each in of_ledger(lines, {"wait": "waiting"})]
    ['waiting costs 3.00 of the 4.00 points that are missing to 100, 0.50 more than before', \
'customers said 1.00 points less than events explain: a cause is missing from what is observed']
    """
    missing = sum(line.lost for line in lines)
    for line in [each for each in lines if each.lost > 0 and each.cause not in NO_CAUSE][:MOST]:
        grew = f", {line.grew / 100:.2f} more than before" if line.grew is not None and line.grew > 0 else ""
        named = words.get(line.cause, line.cause.replace("_", " "))
        said = f"{named} costs {line.lost / 100:.2f} of the {missing / 100:.2f} points that are missing to 100{grew}"
        yield Proposal(f"ledger:{line.cause}", "ledger", said, line.cause, line.lost / 100, adds_up=True)
    unexplained = next((line.lost for line in lines if line.cause == "said"), 0)
    if unexplained > 0:
        said = f"customers said {unexplained / 100:.2f} points less than events explain"
        missing_cause = f"{said}: a cause is missing from what is observed"
        yield Proposal("ledger:said", "ledger", missing_cause, "", unexplained / 100, adds_up=True)


Groups = Mapping[int, tuple[int, int]]
"""Customer group → (Σ of the metric, n), in the metric's integer unit."""


@dataclass(frozen=True, slots=True)
class Sliced:
    """A scope cut into slices: the target in the metric's unit, its scale and good direction, and what each holds.

    ``adds_up``: every unit is in one slice of its dimension (contacts), not in several (journeys).
    """

    target: float
    scale: float
    sign: int
    whole: Groups
    slices: Mapping[str, Groups]
    adds_up: bool
    unit: str = "contacts"


@dataclass(frozen=True, slots=True)
class Level:
    """A slice's value with its 95 % interval by customer groups, in the metric's unit, and its n."""

    value: float
    low: float
    high: float
    n: int


def level_of(groups: Groups, scale: float) -> Level | None:
    """Return R = ΣY/N with V = G/(G−1) · Σ_g (Y_g − R n_g)² / N² over the G customer groups met; ``None`` under ten.

    Source: ratio estimation over clusters, W. Cochran, *Sampling Techniques* (1977), chapter 6 (docs/method.md §3).

    >>> level_of({g: (90 + g % 2, 1) for g in range(20)}, 1.0).value
    90.5
    """
    met = [(total, n) for total, n in groups.values() if n]
    count = sum(n for _, n in met)
    if len(met) < LEAST_GROUPS or not count:
        return None
    ratio = sum(total for total, _ in met) / count
    spread = sum((total - ratio * n) ** 2 for total, n in met) * len(met) / (len(met) - 1)
    half = float(stdtrit(len(met) - 1, SURE)) * math.sqrt(spread) / count
    return Level(ratio * scale, (ratio - half) * scale, (ratio + half) * scale, count)


def of_slices(sliced: Sliced) -> Iterator[Proposal]:
    """Yield the slices that carry the shortfall, the heaviest first; only those that fall short beyond chance.

    A slice of n_v carries n_v · (T − S_v) / N of the shortfall T − S; where units belong to several slices it is
    associated with n_v · (S_v − S) / (N − n_v), which does not add up.
    """
    whole = level_of(sliced.whole, sliced.scale)
    if whole is None:
        return
    found = [(name, level_of(groups, sliced.scale)) for name, groups in sliced.slices.items()]
    carried = [(name, level, _carries(level, whole, sliced)) for name, level in found if level is not None]
    for name, level, points in sorted(carried, key=lambda each: -each[2])[:MOST]:
        if points > 0.0 and _short(level, sliced):
            yield Proposal(
                f"slice:{name}", "slice", _told(name, level, points, whole, sliced), "", points, sliced.adds_up
            )


def _carries(level: Level, whole: Level, sliced: Sliced) -> float:
    if sliced.adds_up:
        return sliced.sign * level.n * (sliced.target - level.value) / whole.n
    rest = whole.n - level.n
    return sliced.sign * level.n * (whole.value - level.value) / rest if rest > 0 else 0.0


def _short(level: Level, sliced: Sliced) -> bool:
    """Return whether the slice's whole interval is on the wrong side of the target."""
    return level.high < sliced.target if sliced.sign > 0 else level.low > sliced.target


def _told(name: str, level: Level, points: float, whole: Level, sliced: Sliced) -> str:
    here = f"{level.value:.1f} ({level.low:.1f} to {level.high:.1f}, {level.n:,} {sliced.unit})"
    if sliced.adds_up:
        short = sliced.sign * (sliced.target - whole.value)
        return f"{name}: {here} against {sliced.target:.1f}; it carries {points:.1f} of the {short:.1f} points"
    return (
        f"{name}: {here} against {sliced.target:.1f}; {points:.1f} points are associated with it, which do not add up"
    )


def of_themes(themes: Iterable[Theme], scale_words: str = "of 100") -> Iterator[Proposal]:
    """Yield the themes of comments, the most strongly associated first."""
    for theme in list(themes)[:MOST]:
        said = (
            f"“{theme.words}” is in {theme.comments} of {theme.of} comments, which rate {theme.mean:.0f} {scale_words} "
            f"against {theme.others:.0f} for the others; associated with {theme.associated:+.1f}, and themes overlap"
        ).replace("-", "−")
        yield Proposal(f"verbatim:{theme.words}", "verbatim", said, "", -theme.associated, quotes=theme.quotes)


def of_voices(kind: EvidenceKind, voices: Iterable[tuple[str, str]]) -> Iterator[Proposal]:
    """Yield what employees said, or what was lived in a walk-through: (reference, words) each."""
    for reference, words in list(voices)[:MOST]:
        short = words if len(words) <= QUOTE else f"{words[: QUOTE - 1]}…"
        yield Proposal(f"{kind}:{reference}", kind, f"“{short.strip()}”", quotes=(words,))
