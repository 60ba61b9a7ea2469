"""Gaps: the current record of each, and every state it went through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy import Row as Found

from models.errors import Fenced, NotFound
from models.gaps.gap import OPEN, Gap, State, from_json, to_json
from models.identifiers import Millis
from store.databases import Database
from store.tables.gaps import gap_states, gaps


@dataclass(frozen=True, slots=True)
class KeptGap:
    """A gap as the store has it; ``version`` counts its writings, and names the one a change was based on."""

    gap: Gap
    version: int
    opened_at: Millis
    updated_at: Millis


@dataclass(frozen=True, slots=True)
class GapStep:
    """One state a gap came into, by whom and why."""

    state: State
    at: Millis
    by: str
    reason: str


class Gaps:
    """Keeps gaps and the history of their states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, gap_id: str) -> KeptGap:
        """Return one gap; raises ``NotFound``."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"wanted": gap_id}).first()
        if row is None:
            raise NotFound(f"gap {gap_id}: there is none of that id; list the gaps to see which there are")
        return _kept(row)

    def all(self, states: Iterable[State] | None = None) -> list[KeptGap]:
        """Return all gaps, or those in ``states``, the latest changed first."""
        wanted = select(gaps).order_by(gaps.c.updated_at.desc(), gaps.c.id)
        if states is not None:
            wanted = wanted.where(gaps.c.state.in_([state.value for state in states]))
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted)]

    def list_open(self) -> list[KeptGap]:
        """Return the gaps that count."""
        return self.all(sorted(OPEN))

    def history(self, gap_id: str) -> list[GapStep]:
        """Return the states a gap came into, the first first."""
        wanted = select(gap_states).where(gap_states.c.gap == gap_id).order_by(gap_states.c.seq)
        with self._database.read() as connection:
            return [GapStep(State(row.state), Millis(row.at), row.by, row.reason) for row in connection.execute(wanted)]

    def save(self, gap: Gap, *, based_on: int | None, by: str, now: Millis) -> KeptGap:
        """Write a gap that was read at version ``based_on`` (``None``: a new one), and note its new states.

        Raises ``Fenced`` when somebody else has changed it since: read it again.
        """
        with self._database.write() as connection:
            version = self._write(connection, gap, based_on, now)
            self._note_states(connection, gap, by, now)
            return KeptGap(gap, version, self.get(gap.id).opened_at, now)

    def save_all(self, changed: Sequence[tuple[Gap, int | None]], *, by: str, now: Millis) -> None:
        """Write several gaps as ``save`` does, all or none."""
        with self._database.write():
            for gap, based_on in changed:
                self.save(gap, based_on=based_on, by=by, now=now)

    def _write(self, connection: Connection, gap: Gap, based_on: int | None, now: Millis) -> int:
        columns = {"state": gap.state.value, "updated_at": now, "record": to_json(gap)}
        if based_on is None:
            new = {"id": gap.id, "kind": gap.kind, "metric": gap.metric, "scope": gap.scope, "opened_at": now}
            connection.execute(insert(gaps).values(version=1, **new, **columns))
            return 1
        same = update(gaps).where(gaps.c.id == gap.id, gaps.c.version == based_on)
        if not connection.execute(same.values(version=based_on + 1, **columns)).rowcount:
            raise Fenced(f"gap {gap.id}: somebody changed it since version {based_on}; read it again and repeat")
        return based_on + 1

    def _note_states(self, connection: Connection, gap: Gap, by: str, now: Millis) -> None:
        """Add the steps of the record that the history does not have yet."""
        known = connection.execute(_KNOWN_STEPS, {"wanted": gap.id}).scalar_one()
        for seq, step in enumerate(gap.steps[known:], start=known):
            values = {"gap": gap.id, "seq": seq, "state": step.became.value, "at": now, "by": by, "reason": step.why}
            connection.execute(insert(gap_states).values(values))


_ONE = select(gaps).where(gaps.c.id == bindparam("wanted"))
_KNOWN_STEPS = select(func.count()).select_from(gap_states).where(gap_states.c.gap == bindparam("wanted"))


def _kept(row: Found[Any]) -> KeptGap:
    return KeptGap(from_json(row.record), row.version, Millis(row.opened_at), Millis(row.updated_at))
