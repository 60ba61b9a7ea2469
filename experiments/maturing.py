"""Cohorts that grow as units mature, and are frozen: each unit is read once, when its window has closed.

What arrives later for a unit is counted, and changes nothing: looks at the same moment always say the same. Which
columns a unit has is in ``cohorts``; where cohorts are kept between looks, in the store.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from experiments.ledger import Experiment
from experiments.moments import Comoments
from models.identifiers import DAY, Millis

Times = npt.NDArray[np.int64]
Lots = Callable[[Times], Times]
"""From the moments of exposure to the begin of each one's lot; ``NOWHERE`` leaves the unit out."""
NOWHERE = -1


def days_of(exposed: Times) -> Times:
    """Return the UTC days' begins."""
    return exposed - exposed % DAY


class Key(NamedTuple):
    """Which cohort: the arm, the begin of the lot (the UTC day of exposure), the cluster where units have one."""

    arm: str
    day: Millis
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The mature units of one arm exposed on one UTC day (or in one period); ``moments`` has ``columns_of`` columns.

    ``crossed``: further units of that arm and day that met two arms, and are in no moment.
    """

    arm: str
    day: Millis
    moments: Comoments
    cluster: str = ""
    crossed: int = 0

    @classmethod
    def empty(cls, key: Key, columns: int) -> Self:
        """Return a cohort without any unit."""
        return cls(key.arm, key.day, Comoments.empty(columns), key.cluster)

    @property
    def key(self) -> Key:
        """Which cohort it is."""
        return Key(self.arm, self.day, self.cluster)

    def merge(self, other: Self) -> Self:
        """Return the cohort with more of its units."""
        return replace(self, moments=self.moments.merge(other.moments), crossed=self.crossed + other.crossed)


@dataclass(frozen=True, slots=True, eq=False)
class UnitTable:
    """Unit rows by column: ``values`` has shape (units, columns), the others one entry a unit."""

    arms: Sequence[str]
    exposed: npt.NDArray[np.int64]
    clusters: Sequence[str]
    crossed: npt.NDArray[np.bool_]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """From when to when an experiment takes units in, both ends included."""

    first: Millis
    last: Millis

    @classmethod
    def of(cls, experiment: Experiment) -> Self:
        """Return the experiment's: from its start to where it stopped, or is planned to."""
        design = experiment.plan.design
        end = experiment.stopped_at if experiment.stopped_at is not None else design.end if design is not None else 0
        return cls(Millis(experiment.started_at or 0), Millis(end))

    def holds(self, exposed: int) -> bool:
        """Return whether a unit exposed then counts."""
        return self.first <= exposed <= self.last


@dataclass(frozen=True, slots=True)
class Matured:
    """Every unit whose window had closed by ``until``, frozen as it was then.

    ``outside``: units exposed before the start or after enrolment stopped, left out of every cohort.
    """

    until: Millis
    columns: tuple[str, ...]
    cohorts: Mapping[Key, Cohort] = field(default_factory=dict)
    outside: int = 0

    def absorb(self, table: UnitTable, enrolment: Enrolment, until: Millis, lots: Lots = days_of) -> Self:
        """Return it with the units of ``table``, which matured since, added; ``lots`` says which begin together."""
        begins = lots(table.exposed)
        inside = (table.exposed >= enrolment.first) & (table.exposed <= enrolment.last) & (begins > NOWHERE)
        cohorts = dict(self.cohorts)
        for cohort in _grouped(table, begins, np.flatnonzero(inside)):
            before = cohorts.get(cohort.key)
            cohorts[cohort.key] = cohort if before is None else before.merge(cohort)
        return replace(self, until=until, cohorts=cohorts, outside=self.outside + int((~inside).sum()))

    def under(self, columns: tuple[str, ...]) -> Self:
        """Return it under other columns: a column that units did not have yet counts nothing."""
        if columns == self.columns:
            return self
        took = np.array([[float(old == new) for old in self.columns] for new in columns])
        nothing = np.zeros(len(columns))
        moved = {key: replace(c, moments=c.moments.mapped(took, nothing)) for key, c in self.cohorts.items()}
        return replace(self, columns=columns, cohorts=moved)


def _grouped(table: UnitTable, begins: Times, rows: Times) -> Iterable[Cohort]:
    """Yield a cohort for each arm, lot and cluster among ``rows`` of the table."""
    keys: dict[Key, list[int]] = {}
    for row, begin in zip(rows.tolist(), begins[rows].tolist(), strict=True):
        keys.setdefault(Key(table.arms[row], Millis(begin), table.clusters[row]), []).append(row)
    for key, members in sorted(keys.items()):
        which = np.array(members)
        crossed = table.crossed[which]
        kept = table.values[which[~crossed]]
        moments = Comoments.of(kept) if len(kept) else Comoments.empty(table.values.shape[1])
        yield Cohort(key.arm, key.day, moments, key.cluster, int(crossed.sum()))
