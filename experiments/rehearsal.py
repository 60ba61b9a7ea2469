"""What a design finds where nothing was changed: its rehearsal on past data, before anything starts.

The record only; how the rehearsals are run is in ``power.rehearsing``.
"""

import math

import msgspec

PROMISED = 0.05
"""How often a test may find an effect that is not there."""


class Rehearsal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``runs`` times the design was drawn anew over the same past; ``false_alarms`` of them "found" an effect at 5 %.

    ``standard_error`` is how far from zero its estimates lay (root mean square, metric's unit): what power is computed
    from; ``df`` its degrees of freedom. ``days`` is how long each run lasted; ``units`` how many customers it split,
    0 where clusters, periods or dates were drawn.
    """

    runs: int
    false_alarms: int
    standard_error: float
    df: float
    days: float
    units: int = 0

    @property
    def rate(self) -> float:
        """The share of false alarms.

        >>> Rehearsal(1000, 47, 1.2, 18.0, 28.0).rate
        0.047
        """
        return self.false_alarms / self.runs

    @property
    def suspect(self) -> bool:
        """Whether so many false alarms are beyond the chance of the draws themselves: three standard errors above 5 %.

        >>> Rehearsal(1000, 60, 1.2, 18.0, 28.0).suspect, Rehearsal(1000, 90, 1.2, 18.0, 28.0).suspect
        (False, True)
        """
        return self.rate > PROMISED + 3.0 * math.sqrt(PROMISED * (1.0 - PROMISED) / self.runs)

    @property
    def sentence(self) -> str:
        """Return it as a sentence.

        >>> Rehearsal(1000, 47, 1.2, 18.0, 28.0).sentence
        'on the past, where nothing was changed, 1,000 draws found an effect in 4.7 % (5 % is the promise)'
        """
        share = f"{self.rate:.1%}".replace("%", " %")
        return (
            f"on the past, where nothing was changed, {self.runs:,} draws found an effect in {share} "
            "(5 % is the promise)"
        )
