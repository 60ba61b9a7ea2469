"""The definitions in force while a chunk is folded: policies, declared scopes, live experiments.

A compiled, immutable snapshot of versioned rows; the store keeps them with the offset per partition from
which each version applies.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

from models.identifiers import Millis, Offset
from models.policy import Policy

OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeclaredScopes:
    """The values that get cells of their own; everything else is counted under ``other``."""

    touchpoints: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    segments: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class LiveExperiment:
    """What the fold must know of a running experiment to keep its unit rows."""

    id: str
    arms: tuple[str, ...]
    metric: str
    """``contact_score``, ``journey_score``, ``contacts``, ``loss.<cause>``, ``good_contact`` …"""
    window: Millis
    """An outcome is the unit's own value from its exposure to exposure + window."""
    pre_window: Millis
    policy: str
    """The pinned policy's version."""
    scope: str = "all"
    mechanism: str | None = None
    guardrails: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    """What exposures may name as the unit's cluster: a site, a team, a lane."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """One version of everything the fold looks up; ``policies[0]`` is the active one, at most three in all."""

    version: int
    policies: tuple[Policy, ...]
    scopes: DeclaredScopes = field(default_factory=DeclaredScopes)
    experiments: tuple[LiveExperiment, ...] = ()
    erased: frozenset[str] = frozenset()
    """Subjects that asked to be forgotten."""

    @property
    def active(self) -> Policy:
        """The policy whose scores are shown."""
        return self.policies[0]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which definitions apply to which offsets of one partition.

    ``steps`` are (first offset, definitions) in rising order of offset; the first covers all before it too.
    """

    steps: tuple[tuple[Offset, Definitions], ...]

    def at(self, offset: int) -> Definitions:
        """Return the definitions in force at ``offset``."""
        index = bisect_right(self.steps, offset, key=lambda step: step[0])
        return self.steps[max(index - 1, 0)][1]

    def spans(self, start: int, end: int) -> list[tuple[Offset, Offset, Definitions]]:
        """Return ``[start, end)`` cut where the definitions change, in order; nothing for an empty range."""
        cuts = [start, *(first for first, _ in self.steps if start < first < end), end]
        return [(Offset(low), Offset(high), self.at(low)) for low, high in pairwise(cuts) if low < high]
