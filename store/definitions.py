"""Definitions: every version of what the fold looks up, and from which offset of each partition it applies.

A change applies from where each partition stands when it is written, and raises every epoch in the same transaction:
a chunk that was being folded under the old definitions is fenced and folded again under the new ones. So the place of
the change in the log is exact, and a later fold of the same log makes the same of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select

from models.definitions import DeclaredScopes, Definitions, LiveExperiment, Timeline
from models.errors import InvariantBroken
from models.identifiers import Millis, Offset, Partition
from models.policy import Policy
from store import policies as rules
from store.audit import Act, write_audit
from store.databases import Database
from store.dialects import serialize
from store.encoding import from_json, to_json
from store.partitions import bump_every_epoch
from store.tables.definitions import definition_starts, definitions
from store.tables.partitions import partitions
from store.tables.people import erasures


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """One version as it is written: policies by name, the active one first."""

    version: int
    at: Millis
    author: str
    why: str
    policies: tuple[str, ...]
    scopes: DeclaredScopes
    experiments: tuple[LiveExperiment, ...]


class DefinitionVersions:
    """Reads definitions in force, and changes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> Definitions:
        """Return the latest definitions."""
        with self._database.read() as connection:
            return _compiled(connection, _latest(connection), _erased(connection))

    def timelines(self) -> dict[Partition, Timeline]:
        """Return which definitions apply to which offsets of every partition; policies removed since are left out."""
        with self._database.read() as connection:
            erased, known = _erased(connection), rules.known_versions(connection)
            versions = {
                row.version: _compiled(connection, replace(row, policies=kept), erased)
                for row in _every(connection)
                if (kept := tuple(policy for policy in row.policies if policy in known))
            }
            steps: dict[Partition, list[tuple[Offset, Definitions]]] = {}
            starts = select(definition_starts).order_by(definition_starts.c.version)
            for version, partition, first in connection.execute(starts):
                if version not in versions:
                    continue
                so_far = steps.setdefault(Partition(partition), [])
                while so_far and so_far[-1][0] >= first:
                    so_far.pop()  # replaced before it applied to anything
                so_far.append((Offset(first), versions[version]))
        return {partition: Timeline(tuple(found)) for partition, found in steps.items()}

    def timeline(self, partition: Partition) -> Timeline:
        """Return which definitions apply to which offsets of ``partition``."""
        return self.timelines()[partition]

    def history(self) -> list[DefinitionRow]:
        """Return every version ever written, the first first."""
        with self._database.read() as connection:
            return _every(connection)

    def declare(self, scopes: DeclaredScopes, author: str, now: Millis) -> Definitions:
        """Put these declared scopes in force; nothing is written when they are already."""
        with self._changing() as connection:
            before = _latest(connection)
            if before.scopes == scopes:
                return self.current()
            return self._publish(connection, _changed(before, author, now, "scopes declared", scopes=scopes))

    def run_experiments(self, live: Sequence[LiveExperiment], author: str, now: Millis) -> Definitions:
        """Put exactly these experiments in force, pinning their policies and letting others' pins go."""
        with self._changing() as connection:
            before = _latest(connection)
            in_force = before.policies
            for ended in {e.id for e in before.experiments} - {e.id for e in live}:
                rules.unpin_policy(connection, ended)
            for experiment in live:
                in_force = rules.with_added(in_force, experiment.policy)
                rules.pin_policy(connection, experiment.policy, experiment.id, now)
            if (in_force, tuple(live)) == (before.policies, before.experiments):
                return self.current()
            change = _changed(before, author, now, "experiments", policies=in_force, experiments=tuple(live))
            return self._publish(connection, change)

    def add_policy(self, policy: Policy, author: str, now: Millis) -> Definitions:
        """Keep ``policy`` and score it from here on; raises ``Forbidden`` when three are scored already."""
        with self._changing() as connection:
            before = _latest(connection)
            in_force = rules.with_added(before.policies, policy.version)
            rules.keep_policy(connection, policy, author, now)
            if in_force == before.policies:
                return self.current()
            write_audit(connection, Act(now, author, "added", ("policy", policy.version)))
            return self._publish(connection, _changed(before, author, now, "policy added", policies=in_force))

    def activate_policy(self, version: str, author: str, now: Millis) -> Definitions:
        """Make a policy in force the one whose scores are shown; raises ``NotFound`` when it is not scored yet."""
        with self._changing() as connection:
            before = _latest(connection)
            in_force = rules.with_active(before.policies, version)
            if in_force == before.policies:
                return self.current()
            write_audit(connection, Act(now, author, "activated", ("policy", version)))
            return self._publish(connection, _changed(before, author, now, "policy activated", policies=in_force))

    def remove_policy(self, version: str, author: str, now: Millis) -> Definitions:
        """Score a policy no longer and forget its text; its cells go with ``Cells.forget_policy``.

        Raises ``Forbidden`` when it is the active one or an experiment pins it, ``NotFound`` when it is unknown.
        """
        with self._changing() as connection:
            before = _latest(connection)
            rules.policies_of(connection, [version])
            in_force = rules.without(before.policies, version)
            rules.delete_policy(connection, version)
            write_audit(connection, Act(now, author, "removed", ("policy", version)))
            if in_force == before.policies:
                return self.current()
            return self._publish(connection, _changed(before, author, now, "policy removed", policies=in_force))

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """Yield a transaction in which nobody else changes definitions: the next version follows from the last."""
        with self._database.write() as connection:
            serialize(connection, "definitions")
            yield connection

    def _publish(self, connection: Connection, row: DefinitionRow) -> Definitions:
        publish(connection, row)
        return self.current()


def seed_definitions(connection: Connection, policy: Policy, now: Millis) -> None:
    """Write the first version, with one policy and nothing declared, from offset 0 on."""
    rules.keep_policy(connection, policy, "ressenti", now)
    first = DefinitionRow(1, now, "ressenti", "the store was made", (policy.version,), DeclaredScopes(), ())
    publish(connection, first)


def publish(connection: Connection, row: DefinitionRow) -> None:
    """Write one version, applying from where each partition stands; everything in flight is fenced."""
    values = {"policies": to_json(row.policies), "scopes": to_json(row.scopes), "experiments": to_json(row.experiments)}
    connection.execute(
        insert(definitions).values(version=row.version, at=row.at, author=row.author, why=row.why, **values)
    )
    bump_every_epoch(connection)  # first: nobody moves a partition from here on until this is committed
    stands = connection.execute(select(partitions.c.partition, partitions.c.next_offset)).all()
    starts = [{"version": row.version, "partition": p, "applies_from": offset} for p, offset in stands]
    connection.execute(insert(definition_starts), starts)


_LATEST = select(func.max(definitions.c.version)).scalar_subquery()
_ROWS = select(
    definitions.c.version,
    definitions.c.at,
    definitions.c.author,
    definitions.c.why,
    definitions.c.policies,
    definitions.c.scopes,
    definitions.c.experiments,
).order_by(definitions.c.version)


def _every(connection: Connection) -> list[DefinitionRow]:
    return [_row(*row) for row in connection.execute(_ROWS)]


def _latest(connection: Connection) -> DefinitionRow:
    row = connection.execute(_ROWS.where(definitions.c.version == _LATEST)).first()
    if row is None:
        raise InvariantBroken("the store has no definitions; it was not opened by Store.open")
    return _row(*row)


def _row(version: int, at: int, author: str, why: str, *texts: str) -> DefinitionRow:
    policies, scopes, experiments = texts
    return DefinitionRow(
        version=version,
        at=Millis(at),
        author=author,
        why=why,
        policies=from_json(policies, tuple[str, ...]),
        scopes=from_json(scopes, DeclaredScopes),
        experiments=from_json(experiments, tuple[LiveExperiment, ...]),
    )


def _changed(before: DefinitionRow, author: str, now: Millis, why: str, **changes: object) -> DefinitionRow:
    return replace(before, version=before.version + 1, at=now, author=author, why=why, **changes)  # type: ignore[arg-type]  # who calls names fields of the row


def _erased(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(select(erasures.c.subject)).scalars())


def _compiled(connection: Connection, row: DefinitionRow, erased: frozenset[str]) -> Definitions:
    policies = rules.policies_of(connection, list(row.policies))
    return Definitions(row.version, policies, row.scopes, row.experiments, erased)
