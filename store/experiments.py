"""Experiments: the record of each, guarded by its version. Whether a step is allowed is ``experiments``' business."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import Row as Found

from experiments.ledger import Experiment, from_json, to_json
from experiments.states import AuditEntry, State
from models.errors import Fenced, NotFound
from models.identifiers import Millis
from store.audit import Act, write_audit
from store.databases import Database
from store.tables.experiments import experiments


@dataclass(frozen=True, slots=True)
class KeptExperiment:
    """An experiment as the store has it; ``version`` names the writing a change was based on."""

    experiment: Experiment
    version: int
    updated_at: Millis


class Experiments:
    """Keeps experiments; each new line of a record's own audit trail also goes to the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, experiment_id: str) -> KeptExperiment:
        """Return one experiment; raises ``NotFound``."""
        with self._database.read() as connection:
            row = connection.execute(select(experiments).where(experiments.c.id == experiment_id)).first()
        if row is None:
            raise NotFound(f"experiment {experiment_id}: there is none of that id; list them to see which there are")
        return _kept(row)

    def all(self, states: Iterable[State] | None = None) -> list[KeptExperiment]:
        """Return all experiments, or those in ``states``, the latest changed first."""
        wanted = select(experiments).order_by(experiments.c.updated_at.desc(), experiments.c.id)
        if states is not None:
            wanted = wanted.where(experiments.c.state.in_([state.value for state in states]))
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted)]

    def children(self, experiment_id: str) -> list[KeptExperiment]:
        """Return the iterations that came out of an experiment, in order."""
        wanted = select(experiments).where(experiments.c.parent == experiment_id)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted.order_by(experiments.c.created_at))]

    def add(self, experiment: Experiment, now: Millis) -> KeptExperiment:
        """Keep a new experiment under its id."""
        columns = _columns(experiment, now)
        with self._database.write() as connection:
            new = {"id": experiment.id, "parent": experiment.parent, "created_at": now, "version": 1}
            connection.execute(insert(experiments).values(**new, **columns))
            _audit(connection, experiment.id, experiment.audit)
        return KeptExperiment(experiment, 1, now)

    def save(self, experiment: Experiment, based_on: int, now: Millis) -> KeptExperiment:
        """Write an experiment that was read at version ``based_on``.

        Raises ``Fenced`` when somebody else has changed it since: read it again, and ask the rules again.
        """
        with self._database.write() as connection:
            before = self.get(experiment.id)
            same = update(experiments).where(experiments.c.id == experiment.id, experiments.c.version == based_on)
            if not connection.execute(same.values(version=based_on + 1, **_columns(experiment, now))).rowcount:
                raise Fenced(
                    f"experiment {experiment.id}: changed by somebody else since version {based_on}; read it again"
                )
            _audit(connection, experiment.id, experiment.audit[len(before.experiment.audit) :])
        return KeptExperiment(experiment, based_on + 1, now)


def _columns(experiment: Experiment, now: Millis) -> dict[str, object]:
    return {"state": experiment.state.value, "updated_at": now, "record": to_json(experiment).decode()}


def _audit(connection: Connection, experiment_id: str, entries: Iterable[AuditEntry]) -> None:
    for entry in entries:
        detail = {"role": entry.role, "before": entry.before, "after": entry.after, "note": entry.note}
        write_audit(connection, Act(entry.at, entry.actor, entry.act, ("experiment", experiment_id), detail))


def _kept(row: Found[Any]) -> KeptExperiment:
    return KeptExperiment(_record(row.record), row.version, Millis(row.updated_at))


@lru_cache(maxsize=256)
def _record(text: str) -> Experiment:
    """Return the record, checked once: every look and every request reads it, and it seldom changes."""
    return from_json(text)
