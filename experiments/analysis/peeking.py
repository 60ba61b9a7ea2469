"""What peeking does: how many streams would be declared at some look and taken back at the end, naively and by us.

Declared: "no difference" is rejected at some look, in either direction. Reversed: at the last look it no longer is, or
the sign is another. The naive peeker runs a fixed-horizon Welch test at 5 % at each look; we ask the always-valid
evidence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from experiments.analysis.judging import Judged, JudgedLook

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Declared:
    """Of one stream: declared at some look; taken back at the last one."""

    declared: bool
    reversed: bool


@dataclass(frozen=True, slots=True)
class Peeking:
    """Of many streams: how many each way declares, and takes back; ``broken`` have no estimate to declare."""

    streams: int
    usable: int
    broken: int
    naive_declared: int
    naive_reversed: int
    declared: int
    reversed: int

    @property
    def sentence(self) -> str:
        """Return it as a sentence.

        >>> Peeking(200, 180, 4, 90, 50, 40, 18).sentence.split(";")[0]
        '200 comparisons, 180 of them usable: a naive peeker declares 90 and takes back 50'
        """
        broken = f" In {self.broken} the sample ratio is broken, which hides their estimates." if self.broken else ""
        compared = "1 comparison" if self.streams == 1 else f"{self.streams} comparisons"
        return (
            f"{compared}, {self.usable} of them usable: a naive peeker declares {self.naive_declared} "
            f"and takes back {self.naive_reversed}; we declare {self.declared} and take back {self.reversed}.{broken}"
        )


def naive(judged: Judged) -> Declared:
    """Return what a peeker with a fixed-horizon test would have said."""
    return _declared(judged.looks, lambda look: None if look.estimate is None else look.estimate.p_value < LEVEL)


def ours(judged: Judged) -> Declared:
    """Return what the always-valid evidence says."""
    return _declared(judged.looks, lambda look: None if look.interval is None else look.interval.p <= LEVEL)


def _declared(looks: Iterable[JudgedLook], rejects: Callable[[JudgedLook], bool | None]) -> Declared:
    """Return whether any look rejects, and whether the last usable one does not, or the other way round."""
    said = [(rejects(look), look.estimate.value > 0.0) for look in looks if look.estimate is not None]
    signs = [up for rejected, up in said if rejected]
    if not signs:
        return Declared(declared=False, reversed=False)
    last_rejects, last_up = said[-1]
    return Declared(declared=True, reversed=not last_rejects or last_up is not signs[0])


def summarised(judged: Iterable[Judged], broken: float) -> Peeking:
    """Return the counts over all streams; ``broken`` is the sample ratio's e-value from which it counts as such."""
    known = list(judged)
    naively, by_us = [naive(each) for each in known], [ours(each) for each in known]
    return Peeking(
        streams=len(known),
        usable=sum(any(look.estimate is not None for look in each.looks) for each in known),
        broken=sum(bool(each.looks) and each.looks[-1].sample_ratio_e >= broken for each in known),
        naive_declared=sum(each.declared for each in naively),
        naive_reversed=sum(each.reversed for each in naively),
        declared=sum(each.declared for each in by_us),
        reversed=sum(each.reversed for each in by_us),
    )
