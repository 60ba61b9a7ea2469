"""Experiment units: one row per customer that met an arm, read as their windows close."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Dialect, Select, bindparam, func, select
from sqlalchemy import Row as Found

from experiments.cohorts import Pending
from experiments.maturing import Key, UnitTable
from models.effects import Effects, UnitRow
from models.identifiers import DAY, Millis, Subject
from store.batches import fetched
from store.databases import Database
from store.encoding import from_json, to_json
from store.tables.experiments import units
from store.upserts import Row, upsert_rows

PAGE = 20_000
"""Units of one arm that are held in memory at a time."""


class Asked(NamedTuple):
    """Which units: of one experiment's arms, with these guardrails as further columns."""

    experiment: str
    arms: tuple[str, ...]
    guardrails: tuple[str, ...]


class Units:
    """Reads experiments' unit rows; the checkpoint writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def matured(
        self, asked: Asked, since: Millis, until: Millis, page: int = PAGE
    ) -> Iterator[tuple[UnitTable, Millis]]:
        """Yield the units whose windows closed in ``(since, until]``, page by page, and how far each page reaches.

        Each page is a short read of its own; the last one reaches ``until``.
        """
        while since < until:
            reach = min((self._reach(asked, arm, since, until, page) for arm in asked.arms), default=until)
            with self._database.read() as connection:
                rows = [
                    row for arm in asked.arms for row in _between(connection, (asked.experiment, arm), since, reach)
                ]
            yield _table(rows, asked.guardrails), reach
            since = reach

    def pending(self, asked: Asked, after: Millis, closes: tuple[int, int]) -> dict[str, Pending]:
        """Return how many units of each arm close after ``after``.

        Those that close within ``closes``, both ends included, were exposed while enrolment was open; the others
        count as outside.
        """
        return {arm: self._open(asked.experiment, arm, after, closes) for arm in asked.arms}

    def closed(self, asked: Asked, until: Millis) -> int:
        """Return how many units' windows have closed by ``until``, whenever their rows came."""
        return sum(self._count((asked.experiment, arm, crossed), -1, until) for arm in asked.arms for crossed in _BOTH)

    def of_cohort(self, asked: Asked, key: Key, until: Millis) -> UnitTable:
        """Return the units of one cohort whose windows have closed by ``until``."""
        same = (
            units.c.experiment == asked.experiment,
            units.c.arm == key.arm,
            units.c.exposed_at >= key.day,
            units.c.exposed_at < key.day + DAY,
            units.c.cluster == key.cluster,
            units.c.matures_at <= until,
        )
        with self._database.read() as connection:
            rows = [tuple(row) for row in connection.execute(select(*_READ).where(*same))]
        return _table(rows, asked.guardrails)

    def met(self, experiment: str, subject: Subject) -> str | None:
        """Return the arm that a customer met first, ``None`` when it met none."""
        wanted = select(units.c.arm).where(units.c.experiment == experiment, units.c.subject == subject)
        with self._database.read() as connection:
            return connection.execute(wanted).scalar()

    def rows(self, experiment: str, matured_until: Millis | None = None) -> list[UnitRow]:
        """Return the unit rows of ``experiment``, by time of exposure; only those mature by the time given."""
        wanted = select(units).where(units.c.experiment == experiment)
        if matured_until is not None:
            wanted = wanted.where(units.c.matures_at < matured_until)
        with self._database.read() as connection:
            return [_unit(row) for row in connection.execute(wanted.order_by(units.c.exposed_at, units.c.subject))]

    def each(self, experiment: str, page: int = 2_000) -> Iterator[UnitRow]:
        """Yield every unit row of ``experiment`` in order of pseudonyms, read page by page."""
        last = ""
        while True:
            wanted = select(units).where(units.c.experiment == experiment, units.c.subject > last)
            with self._database.read() as connection:
                found = [_unit(row) for row in connection.execute(wanted.order_by(units.c.subject).limit(page))]
            yield from found
            if len(found) < page:
                return
            last = found[-1].subject

    def of(self, subject: Subject) -> list[UnitRow]:
        """Return the unit rows of one customer, in every experiment it met."""
        wanted = select(units).where(units.c.subject == subject).order_by(units.c.exposed_at)
        with self._database.read() as connection:
            return [_unit(row) for row in connection.execute(wanted)]

    def _reach(self, asked: Asked, arm: str, since: Millis, until: Millis, page: int) -> Millis:
        """Return when the page's last unit closes; several may close at that moment, and all of them belong to it."""
        given = {"experiment": asked.experiment, "arm": arm, "since": since, "until": until, "page": page - 1}
        with self._database.read() as connection:
            found = connection.execute(_REACH, given).scalar()
        return until if found is None else Millis(found)

    def _open(self, experiment: str, arm: str, after: Millis, closes: tuple[int, int]) -> Pending:
        low = max(after, closes[0] - 1)
        high = max(low, closes[1])
        alone, crossed = (self._count((experiment, arm, met_two), low, high) for met_two in _BOTH)
        beside = [(after, low), (high, _EVER)]
        outside = sum(self._count((experiment, arm, met_two), *span) for met_two in _BOTH for span in beside)
        return Pending(alone, crossed, outside)

    def _count(self, which: tuple[str, str, bool], after: int, until: int) -> int:
        experiment, arm, crossed = which
        given = {"experiment": experiment, "arm": arm, "crossed": crossed, "since": after, "until": until}
        with self._database.read() as connection:
            return int(connection.execute(_COUNT, given).scalar_one())


def write_units(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert or overwrite unit rows."""
    changed: list[Row] = [
        (
            row.experiment,
            row.subject,
            effects.partition,
            row.arm,
            row.exposed_at,
            row.matures_at,
            row.pre_n,
            row.pre_sum,
            row.n,
            row.total,
            row.mechanism_n,
            row.mechanism,
            to_json(row.guardrails),
            row.crossed,
            row.cluster,
        )
        for effects in chunks
        for row in effects.units.values()
    ]
    upsert_rows(connection, units, changed)


_BOTH = (False, True)
_EVER = (1 << 63) - 1
_C = units.c
_READ = (
    *(_C.arm, _C.exposed_at, _C.cluster, _C.crossed, _C.guardrails),
    *(_C.total, _C.n, _C.pre_sum, _C.pre_n, _C.mechanism, _C.mechanism_n),
)
"""The columns a cohort is made of; the last six in the order of the fixed columns of ``experiments.cohorts``."""
_VALUES = 5


def _closing(wanted: Select[Any]) -> Select[Any]:
    same = (_C.experiment == bindparam("experiment"), _C.arm == bindparam("arm"), _C.crossed == bindparam("crossed"))
    return wanted.where(*same, _C.matures_at > bindparam("since"), _C.matures_at <= bindparam("until"))


_COUNT = _closing(select(func.count()))
_REACH = (
    select(_C.matures_at)
    .where(_C.experiment == bindparam("experiment"), _C.arm == bindparam("arm"), ~_C.crossed)
    .where(_C.matures_at > bindparam("since"), _C.matures_at <= bindparam("until"))
    .order_by(_C.matures_at)
    .offset(bindparam("page"))
    .limit(1)
)


def _between(connection: Connection, which: tuple[str, str], since: Millis, until: Millis) -> list[tuple[Any, ...]]:
    sql = _between_sql(connection.dialect)
    return [row for crossed in _BOTH for row in fetched(connection, sql, (*which, crossed, since, until))]


@cache
def _between_sql(dialect: Dialect) -> str:
    return str(_closing(select(*_READ)).compile(dialect=dialect))


def _table(rows: Sequence[tuple[Any, ...]], guardrails: Sequence[str]) -> UnitTable:
    """Return the rows by column; the guardrails' texts are decoded together, which is several times faster."""
    watched = from_json(f"[{','.join(row[4] for row in rows)}]", list[dict[str, tuple[int, int]]]) if guardrails else []
    further = [[part for name in guardrails for part in each.get(name, (0, 0))[::-1]] for each in watched]
    fixed = np.array([row[_VALUES:] for row in rows], dtype=np.float64).reshape(len(rows), len(_READ) - _VALUES)
    return UnitTable(
        arms=[row[0] for row in rows],
        exposed=np.array([row[1] for row in rows], dtype=np.int64),
        clusters=[row[2] for row in rows],
        crossed=np.array([row[3] for row in rows], dtype=np.bool_),
        values=np.hstack([fixed, np.array(further, dtype=np.float64)]) if further else fixed,
    )


def _unit(row: Found[Any]) -> UnitRow:
    return UnitRow(
        experiment=row.experiment,
        subject=Subject(row.subject),
        arm=row.arm,
        exposed_at=Millis(row.exposed_at),
        matures_at=Millis(row.matures_at),
        pre_n=row.pre_n,
        pre_sum=row.pre_sum,
        n=row.n,
        total=row.total,
        mechanism_n=row.mechanism_n,
        mechanism=row.mechanism,
        guardrails=from_json(row.guardrails, dict[str, tuple[int, int]]),
        crossed=bool(row.crossed),
        cluster=row.cluster,
    )
