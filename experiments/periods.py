"""Cohorts laid on a timetable: which lots a switchback's units belong to, and the periods that cohorts are read for.

Units that begin in one period belong together, and a period counts when all of it is in. Lots of whole days serve every
other design; a switchback's periods may be shorter, and what begins in a washout belongs to none.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from experiments.designs import Timetable
from experiments.designs.panel import Reading
from experiments.maturing import NOWHERE, Cohort, Lots, Times, days_of
from models.identifiers import Millis


def lots_of(timetable: Timetable) -> Lots:
    """Return the begin of each exposure's period, or of its UTC day where that is later: a lot is a day at most.

    A washout, and what is no period's, is left out.
    """

    def lots(exposed: Times) -> Times:
        number, inside = np.divmod(exposed - timetable.origin, timetable.period)
        belongs = (number >= timetable.first) & (number < timetable.beyond) & (inside >= timetable.washout)
        begin = np.maximum(timetable.origin + number * timetable.period, days_of(exposed))
        return np.where(belongs, begin, NOWHERE)

    return lots


def period_of(cohort: Cohort, timetable: Timetable) -> int | None:
    """Return the period that the cohort's lot lies in; ``None`` where its cluster or its lot is not the timetable's.

    A lot of whole days is called by its first UTC day, which may begin before a period that lasts does.
    """
    number = (cohort.day - timetable.origin) // timetable.period if timetable.period else 0
    return number if cohort.cluster in timetable.treated and timetable.first <= number < timetable.beyond else None


def _closed_lots(cohorts: Iterable[Cohort], timetable: Timetable, closed: Millis) -> Iterator[tuple[Cohort, int]]:
    """Yield the cohorts of the periods that were over by ``closed``, with their periods."""
    for cohort in cohorts:
        number = period_of(cohort, timetable)
        if number is not None and timetable.ends_at(number) <= closed:
            yield cohort, number


def readings_of(cohorts: Iterable[Cohort], timetable: Timetable, closed: Millis) -> tuple[Reading, ...]:
    """Return the readings of the periods that were over by ``closed``, with every unit's window."""
    lots = _closed_lots(cohorts, timetable, closed)
    return tuple(
        Reading(cohort.cluster, number, cohort.moments.n, tuple((cohort.moments.means * cohort.moments.n).tolist()))
        for cohort, number in lots
    )


def off_schedule(cohorts: Iterable[Cohort], timetable: Timetable, treatment: str, closed: Millis) -> int:
    """Return how many units of those periods met another arm than the timetable has for them."""
    return sum(
        cohort.moments.n
        for cohort, number in _closed_lots(cohorts, timetable, closed)
        if timetable.is_treated(cohort.cluster, number) is not (cohort.arm == treatment)
    )
