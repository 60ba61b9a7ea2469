"""Cohorts of mature units: what an evaluation reads instead of the units, kept from one look to the next.

How units become cohorts is ``experiments.maturing``'s; here they are kept, with the mark of how far units were read.
"""

from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy import Row as Found

from experiments.maturing import Cohort, Key, Matured
from experiments.moments import Comoments
from models.errors import Fenced
from models.identifiers import DAY, Millis, Subject
from store.databases import Database
from store.encoding import from_json, to_json
from store.tables.experiments import cohort_marks, cohorts, units
from store.upserts import Row, upsert_rows


class Written(msgspec.Struct, frozen=True):
    """Co-moments as JSON; floats come back bit for bit."""

    means: list[float]
    products: list[list[float]]


class Cohorts:
    """Reads and keeps the cohorts of each experiment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, experiment: str) -> Matured | None:
        """Return what was kept; ``None`` before the first look."""
        with self._database.read() as connection:
            mark = connection.execute(select(cohort_marks).where(cohort_marks.c.experiment == experiment)).first()
            if mark is None:
                return None
            rows = connection.execute(select(cohorts).where(cohorts.c.experiment == experiment)).all()
        found = {cohort.key: cohort for cohort in map(_cohort, rows)}
        return Matured(Millis(mark.until), tuple(from_json(mark.columns, list[str])), found, mark.outside)

    def stale(self, experiment: str) -> list[Key]:
        """Return the cohorts of which a customer was forgotten since: their units must be read again."""
        wanted = select(cohorts.c.arm, cohorts.c.day, cohorts.c.cluster)
        wanted = wanted.where(cohorts.c.experiment == experiment, cohorts.c.stale)
        with self._database.read() as connection:
            return [Key(arm, Millis(day), cluster) for arm, day, cluster in connection.execute(wanted)]

    def save(self, experiment: str, before: Matured | None, after: Matured) -> None:
        """Keep ``after``, which grew out of ``before``; only the cohorts that changed are written.

        Raises ``Fenced``, with nothing written, when somebody else has gone on from ``before`` meanwhile.
        """
        known = {} if before is None or before.columns != after.columns else before.cohorts
        changed = [cohort for key, cohort in after.cohorts.items() if known.get(key) is not cohort]
        with self._database.write(durable=False) as connection:
            self._move(connection, experiment, before, after)
            upsert_rows(connection, cohorts, [_row(experiment, cohort) for cohort in changed], keep=("stale",))

    def reread(self, experiment: str, cohort: Cohort) -> None:
        """Keep a cohort whose units were read anew; one without any unit goes."""
        same = {"experiment": experiment, "arm": cohort.arm, "day": cohort.day, "cluster": cohort.cluster}
        with self._database.write() as connection:
            connection.execute(delete(cohorts).where(*(cohorts.c[name] == value for name, value in same.items())))
            if cohort.moments.n or cohort.crossed:
                upsert_rows(connection, cohorts, [_row(experiment, cohort)])

    def _move(self, connection: Connection, experiment: str, before: Matured | None, after: Matured) -> None:
        values = {"until": after.until, "columns": to_json(after.columns), "outside": after.outside}
        if before is None:
            held = connection.execute(select(cohort_marks.c.until).where(cohort_marks.c.experiment == experiment))
            if held.first() is None:
                connection.execute(insert(cohort_marks).values(experiment=experiment, **values))
                return
        else:
            same = (cohort_marks.c.experiment == experiment, cohort_marks.c.until == before.until)
            if connection.execute(update(cohort_marks).where(*same).values(**values)).rowcount:
                return
        raise Fenced(f"experiment {experiment}: somebody else read its units meanwhile; look again")

    def forget(self, experiment: str) -> None:
        """Drop what was kept: the next look reads every unit again."""
        with self._database.write() as connection:
            connection.execute(delete(cohorts).where(cohorts.c.experiment == experiment))
            connection.execute(delete(cohort_marks).where(cohort_marks.c.experiment == experiment))


def mark_stale(connection: Connection, subject: Subject) -> None:
    """Note which cohorts hold a unit of ``subject``, whose rows are about to be deleted."""
    theirs = exists().where(
        units.c.subject == subject,
        units.c.experiment == cohorts.c.experiment,
        units.c.arm == cohorts.c.arm,
        units.c.cluster == cohorts.c.cluster,
        units.c.exposed_at >= cohorts.c.day,
        units.c.exposed_at < cohorts.c.day + DAY,
    )
    connection.execute(update(cohorts).where(theirs).values(stale=True))


def _row(experiment: str, cohort: Cohort) -> Row:
    moments = cohort.moments
    written = to_json(Written(moments.means.tolist(), moments.products.tolist()))
    return (experiment, cohort.arm, cohort.day, cohort.cluster, moments.n, cohort.crossed, written, False)


def _cohort(row: Found[Any]) -> Cohort:
    written = from_json(row.moments, Written)
    moments = Comoments(row.units, np.array(written.means), np.array(written.products))
    return Cohort(row.arm, Millis(row.day), moments, row.cluster, row.crossed)
