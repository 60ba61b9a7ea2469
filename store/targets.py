"""Courses and their targets: every version is kept; the latest that was not withdrawn is in force."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Table, func, insert, select

from models.errors import NotFound
from models.identifiers import Millis
from models.targets import Course, Target
from store.audit import Act, write_audit
from store.databases import Database
from store.dialects import serialize
from store.encoding import from_json, to_json
from store.tables.targets import courses as course_table
from store.tables.targets import targets as target_table


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a course or target: its JSON, who wrote it and when, and whether that version withdrew it."""

    id: str
    version: int
    at: Millis
    author: str
    withdrawn: bool
    record: str


class Courses:
    """Keeps courses and targets, and which are in force."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Course, ...]:
        """Return the courses in force with their targets in force, by id."""
        with self._database.read() as connection:
            targets = [from_json(v.record, Target) for v in _latest(connection, target_table)]
            found = [from_json(v.record, Course) for v in _latest(connection, course_table)]
        return tuple(replace(c, targets=tuple(t for t in targets if t.course == c.id)) for c in found)

    def targets(self) -> tuple[Target, ...]:
        """Return every target in force."""
        return tuple(target for course in self.all() for target in course.targets)

    def replace(self, courses: Sequence[Course], author: str, now: Millis) -> int:
        """Put exactly ``courses`` in force, withdrawing all others; return how many courses and targets changed."""
        targets = [target for course in courses for target in course.targets]
        with self._database.write() as connection:
            write = _Writer(connection, author, now)
            changed = sum(write.put(course_table, c.id, _alone(c)) for c in courses)
            changed += sum(write.put(target_table, t.id, to_json(t)) for t in targets)
            changed += write.withdraw_others(course_table, {c.id for c in courses})
            return changed + write.withdraw_others(target_table, {t.id for t in targets})

    def put_course(self, course: Course, author: str, now: Millis) -> None:
        """Put one course in force, its targets with it; other courses stay."""
        with self._database.write() as connection:
            write = _Writer(connection, author, now)
            write.put(course_table, course.id, _alone(course))
            for target in course.targets:
                write.put(target_table, target.id, to_json(target))

    def put_target(self, target: Target, author: str, now: Millis) -> None:
        """Put one target in force; raises ``NotFound`` when its course is not."""
        with self._database.write() as connection:
            write = _Writer(connection, author, now)
            if target.course not in {v.id for v in _latest(connection, course_table)}:
                raise NotFound(f"course {target.course}: there is none in force; write the course first")
            write.put(target_table, target.id, to_json(target))

    def withdraw_target(self, target_id: str, author: str, now: Millis) -> None:
        """Take a target out of force; raises ``NotFound``."""
        with self._database.write() as connection:
            if not _Writer(connection, author, now).withdraw(target_table, {target_id}):
                raise NotFound(f"target {target_id}: there is none in force; list the targets to see which there are")

    def withdraw_course(self, course_id: str, author: str, now: Millis) -> None:
        """Take a course and its targets out of force; raises ``NotFound``."""
        with self._database.write() as connection:
            write = _Writer(connection, author, now)
            if not write.withdraw(course_table, {course_id}):
                raise NotFound(f"course {course_id}: there is none in force; list the courses to see which there are")
            theirs = [from_json(v.record, Target) for v in _latest(connection, target_table)]
            write.withdraw(target_table, {t.id for t in theirs if t.course == course_id})

    def history(self, target_id: str) -> list[Version]:
        """Return every version of a target, the first first."""
        wanted = select(target_table).where(target_table.c.id == target_id).order_by(target_table.c.version)
        with self._database.read() as connection:
            return [Version(*row) for row in connection.execute(wanted)]


class _Writer:
    """Writes versions within one transaction, each with its line in the audit log."""

    def __init__(self, connection: Connection, author: str, now: Millis) -> None:
        serialize(connection, "courses")  # a version follows from the last one
        self._connection = connection
        self._author = author
        self._now = now

    def put(self, table: Table, row_id: str, record: str) -> bool:
        """Write a new version unless the one in force says the same."""
        current = {v.id: v for v in _latest(self._connection, table)}.get(row_id)
        if current is not None and current.record == record:
            return False
        self._add(table, row_id, record, withdrawn=False)
        return True

    def withdraw(self, table: Table, ids: Iterable[str]) -> int:
        """Write a withdrawing version of each of ``ids`` that is in force; return how many were."""
        current = {v.id: v for v in _latest(self._connection, table)}
        gone = sorted(set(ids) & current.keys())
        for row_id in gone:
            self._add(table, row_id, current[row_id].record, withdrawn=True)
        return len(gone)

    def withdraw_others(self, table: Table, keep: set[str]) -> int:
        """Withdraw everything in force but ``keep``."""
        return self.withdraw(table, {v.id for v in _latest(self._connection, table)} - keep)

    def _add(self, table: Table, row_id: str, record: str, *, withdrawn: bool) -> None:
        last = self._connection.execute(select(func.max(table.c.version)).where(table.c.id == row_id)).scalar()
        version = 1 if last is None else int(last) + 1
        row = {"id": row_id, "version": version, "at": self._now, "author": self._author, "record": record}
        self._connection.execute(insert(table).values(withdrawn=withdrawn, **row))
        action = "withdrawn" if withdrawn else "written"
        noun = (table.name.removesuffix("s"), row_id)
        write_audit(self._connection, Act(self._now, self._author, action, noun, {"version": version}))


def _latest(connection: Connection, table: Table) -> list[Version]:
    """Return the version in force of every id that has one, by id."""
    last = select(table.c.id, func.max(table.c.version).label("version")).group_by(table.c.id).subquery()
    joined = table.join(last, (table.c.id == last.c.id) & (table.c.version == last.c.version))
    wanted = select(table).select_from(joined).where(~table.c.withdrawn).order_by(table.c.id)
    return [Version(*row) for row in connection.execute(wanted)]


def _alone(course: Course) -> str:
    """Return the course's JSON without its targets, which have versions of their own."""
    return to_json(replace(course, targets=()))
