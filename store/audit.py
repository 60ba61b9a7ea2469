"""The audit log: who did what to which thing, and when. Rows are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy import Row as Found

from models.identifiers import Millis
from store.databases import Database
from store.encoding import from_json, to_json
from store.tables.people import audit

Detail = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what to which thing (its kind and its id), and when."""

    at: Millis
    actor: str
    action: str
    noun: tuple[str, str]
    detail: Detail = field(default_factory=dict)


class Audit:
    """Adds to the audit log and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, act: Act) -> None:
        """Note ``act``."""
        with self._database.write() as connection:
            write_audit(connection, act)

    def recent(self, noun: str | None = None, noun_id: str | None = None, limit: int = 200) -> list[Act]:
        """Return up to ``limit`` acts, the latest first; only those on one kind of thing, or on one thing."""
        wanted = select(audit)
        if noun is not None:
            wanted = wanted.where(audit.c.noun == noun)
        if noun_id is not None:
            wanted = wanted.where(audit.c.noun_id == noun_id)
        with self._database.read() as connection:
            return [_act(row) for row in connection.execute(wanted.order_by(audit.c.id.desc()).limit(limit))]


def write_audit(connection: Connection, act: Act) -> None:
    """Note ``act`` within a transaction."""
    noun, noun_id = act.noun
    values = {"at": act.at, "actor": act.actor, "action": act.action, "noun": noun, "noun_id": noun_id}
    connection.execute(insert(audit).values(detail=to_json(dict(act.detail)), **values))


def _act(row: Found[Any]) -> Act:
    detail = from_json(row.detail, dict[str, str | int | float | bool | None])
    return Act(Millis(row.at), row.actor, row.action, (row.noun, row.noun_id), detail)
