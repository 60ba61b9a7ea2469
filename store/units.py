"""Experiment units: one row per customer that met an arm, and the moments of what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy import Row as Found

from models.effects import UnitRow
from models.identifiers import Millis, Partition, Subject
from store.encoding import from_json, to_json
from store.sqlite import Database
from store.tables.experiments import units
from store.upserts import Row, upsert_rows


@dataclass(frozen=True, slots=True)
class UnitMoments:
    """Exact integer sums over the mature units of one arm; windows can be added to one another.

    Every unit counts as one; ``n`` and ``total`` are the unit's own count and sum (a ratio metric), ``pre_*`` the
    same before its exposure.
    """

    arm: str
    units: int
    n: int
    total: int
    n_squares: int
    total_squares: int
    n_total: int
    pre_n: int
    pre_total: int
    pre_n_squares: int
    pre_total_squares: int
    pre_n_total: int
    total_pre_total: int
    """Σ total · pre_sum, for the covariance with what was before."""
    mechanism_n: int
    mechanism: int


class Units:
    """Reads experiments' unit rows; the checkpoint writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def moments(self, experiment: str, matured: tuple[Millis, Millis]) -> list[UnitMoments]:
        """Return each arm's sums over the units that matured in ``[after, until)`` and met one arm only."""
        asked = {"experiment": experiment, "after": matured[0], "until": matured[1]}
        with self._database.read() as connection:
            return [
                UnitMoments(arm, *(int(value or 0) for value in sums))
                for arm, *sums in connection.execute(_MOMENTS, asked)
            ]

    def enrolled(self, experiment: str) -> dict[str, int]:
        """Return how many units met each arm so far, mature or not, those that met two left out."""
        wanted = select(units.c.arm, func.count()).where(units.c.experiment == experiment, ~units.c.crossed)
        with self._database.read() as connection:
            return dict(connection.execute(wanted.group_by(units.c.arm).order_by(units.c.arm)).all())

    def crossed(self, experiment: str) -> int:
        """Return how many units met two arms."""
        wanted = select(func.count()).where(units.c.experiment == experiment, units.c.crossed)
        with self._database.read() as connection:
            return int(connection.execute(wanted).scalar_one())

    def rows(self, experiment: str, matured_until: Millis | None = None) -> list[UnitRow]:
        """Return the unit rows of ``experiment``, by time of exposure; only those mature by the time given."""
        wanted = select(units).where(units.c.experiment == experiment)
        if matured_until is not None:
            wanted = wanted.where(units.c.matures_at < matured_until)
        with self._database.read() as connection:
            return [_unit(row) for row in connection.execute(wanted.order_by(units.c.exposed_at, units.c.subject))]

    def of(self, subject: Subject) -> list[UnitRow]:
        """Return the unit rows of one customer, in every experiment it met."""
        wanted = select(units).where(units.c.subject == subject).order_by(units.c.exposed_at)
        with self._database.read() as connection:
            return [_unit(row) for row in connection.execute(wanted)]


def write_units(connection: Connection, partition: Partition, rows: Iterable[UnitRow]) -> None:
    """Insert or overwrite unit rows."""
    changed: list[Row] = [
        (
            row.experiment,
            row.subject,
            partition,
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
        )
        for row in rows
    ]
    upsert_rows(connection, units, changed)


_C = units.c
_MOMENTS = (
    select(
        _C.arm,
        func.count(),
        func.sum(_C.n),
        func.sum(_C.total),
        func.sum(_C.n * _C.n),
        func.sum(_C.total * _C.total),
        func.sum(_C.n * _C.total),
        func.sum(_C.pre_n),
        func.sum(_C.pre_sum),
        func.sum(_C.pre_n * _C.pre_n),
        func.sum(_C.pre_sum * _C.pre_sum),
        func.sum(_C.pre_n * _C.pre_sum),
        func.sum(_C.total * _C.pre_sum),
        func.sum(_C.mechanism_n),
        func.sum(_C.mechanism),
    )
    .where(_C.experiment == bindparam("experiment"), ~_C.crossed)
    .where(_C.matures_at >= bindparam("after"), _C.matures_at < bindparam("until"))
    .group_by(_C.arm)
    .order_by(_C.arm)
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
    )
