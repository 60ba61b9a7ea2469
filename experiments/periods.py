"""Cohorts of a switchback: units that begin in one period belong together, and a period counts when all of it is in.

Whole days serve every other design; periods are shorter, and what begins in a washout belongs to none.
"""

from collections.abc import Iterable

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


def readings_of(cohorts: Iterable[Cohort], timetable: Timetable, closed: Millis) -> tuple[Reading, ...]:
    """Return the readings of the periods that were over by ``closed``, with every unit's window."""
    found = []
    for cohort in cohorts:
        number = (cohort.day - timetable.origin) // timetable.period
        if cohort.cluster in timetable.treated and timetable.ends_at(number) <= closed:
            sums = tuple((cohort.moments.means * cohort.moments.n).tolist())
            found.append(Reading(cohort.cluster, number, cohort.moments.n, sums))
    return tuple(found)


def off_schedule(cohorts: Iterable[Cohort], timetable: Timetable, treatment: str) -> int:
    """Return how many units met another arm than the timetable has for their period."""
    met_other = 0
    for cohort in cohorts:
        number = (cohort.day - timetable.origin) // timetable.period
        if cohort.cluster in timetable.treated:
            treated = timetable.is_treated(cohort.cluster, number)
            met_other += cohort.moments.n if treated is not (cohort.arm == treatment) else 0
    return met_other
