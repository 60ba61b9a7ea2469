"""Cases: one customer to rescue or answer; what was proposed, what people did, whether the customer came back."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sqlalchemy import Row as Found
from sqlalchemy import bindparam, insert, select, update

from models.errors import Forbidden, NotFound
from models.identifiers import Millis, Subject
from models.partitions import partition_of
from store.audit import Act, write_audit
from store.databases import Database
from store.tables.cases import cases

CaseKind = Literal["rescue", "answer", "complaint", "manual"]


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it stands."""

    id: str
    subject: Subject
    journey: str | None
    kind: CaseKind
    reason: str
    proposed: str
    opened_at: Millis
    opened_by: str
    owner: str | None = None
    act: str | None = None
    acted_at: Millis | None = None
    closed_at: Millis | None = None
    note: str | None = None
    came_back: bool | None = None


class Cases:
    """Keeps cases; every change is audited without naming the customer."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def add(self, case: Case) -> None:
        """Open a case."""
        with self._database.write() as connection:
            partition = partition_of(case.subject.encode(), self._count)
            connection.execute(insert(cases).values(partition=partition, **asdict(case)))
            write_audit(
                connection, Act(case.opened_at, case.opened_by, "opened", ("case", case.id), {"kind": case.kind})
            )

    def get(self, case_id: str) -> Case:
        """Return one case; raises ``NotFound``."""
        with self._database.read() as connection:
            row = connection.execute(select(cases).where(cases.c.id == case_id)).first()
        if row is None:
            raise NotFound(f"case {case_id}: there is none of that id; list the open cases to see which there are")
        return _case(row)

    def list_open(self, limit: int = 200) -> list[Case]:
        """Return up to ``limit`` open cases, the oldest first."""
        with self._database.read() as connection:
            return [_case(row) for row in connection.execute(_OPEN, {"limit": limit})]

    def of(self, subject: Subject) -> list[Case]:
        """Return the cases of one customer, the first opened first."""
        wanted = select(cases).where(cases.c.subject == subject).order_by(cases.c.opened_at, cases.c.id)
        with self._database.read() as connection:
            return [_case(row) for row in connection.execute(wanted)]

    def take(self, case_id: str, by: str, now: Millis) -> Case:
        """Make ``by`` the owner; raises ``NotFound``, or ``Forbidden`` when it is closed."""
        return self._change(case_id, by, now, "taken", {"owner": by})

    def act(self, case_id: str, by: str, now: Millis, done: str) -> Case:
        """Note what was done for the customer; raises ``NotFound``, or ``Forbidden`` when the case is closed."""
        return self._change(case_id, by, now, "acted", {"act": done, "acted_at": now})

    def close(self, case_id: str, by: str, now: Millis, note: str) -> Case:
        """Close the case with a word on why; raises ``NotFound``, or ``Forbidden`` when it is closed already."""
        return self._change(case_id, by, now, "closed", {"closed_at": now, "note": note})

    def judge(self, case_id: str, *, came_back: bool) -> Case:
        """Note whether the customer came back afterwards; also on a closed case."""
        with self._database.write() as connection:
            found = replace(self.get(case_id), came_back=came_back)
            connection.execute(update(cases).where(cases.c.id == case_id).values(came_back=came_back))
        return found

    def _change(self, case_id: str, by: str, now: Millis, action: str, values: dict[str, object]) -> Case:
        with self._database.write() as connection:
            connection.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())
            if self.get(case_id).closed_at is not None:
                raise Forbidden(f"case {case_id}: it is closed; open a new case instead")
            connection.execute(update(cases).where(cases.c.id == case_id).values(values))
            write_audit(connection, Act(now, by, action, ("case", case_id)))
            return self.get(case_id)


_OPEN = (
    select(cases).where(cases.c.closed_at.is_(None)).order_by(cases.c.opened_at, cases.c.id).limit(bindparam("limit"))
)


def _case(row: Found[Any]) -> Case:
    return Case(
        id=row.id,
        subject=Subject(row.subject),
        journey=row.journey,
        kind=row.kind,
        reason=row.reason,
        proposed=row.proposed,
        opened_at=Millis(row.opened_at),
        opened_by=row.opened_by,
        owner=row.owner,
        act=row.act,
        acted_at=None if row.acted_at is None else Millis(row.acted_at),
        closed_at=None if row.closed_at is None else Millis(row.closed_at),
        note=row.note,
        came_back=None if row.came_back is None else bool(row.came_back),
    )
