"""What the gate must know beyond the record itself: the other experiments, and what the house can measure.

Whoever keeps experiments (``streams.experiment_desk``) reads it where it writes, so that two acts at once cannot both
see none of each other.
"""

from dataclasses import dataclass

from experiments.ledger import Experiment


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The other experiments known, and the scopes and policies there are; ``None``: nobody asked."""

    others: tuple[Experiment, ...] = ()
    scopes: frozenset[str] | None = None
    policies: frozenset[str] | None = None
