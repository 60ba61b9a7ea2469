"""What must not grow with the number of customers on PostgreSQL: which rows are read, counted and deleted at once."""

import pytest
from sqlalchemy import Delete, Select, event, text

from models.effects import OutboxMessage
from models.identifiers import Millis, Offset
from store import customers as customer_queries
from store import journeys as journey_queries
from store import outbox as outbox_queries
from store import rescues as rescue_queries
from store.arrays import found_sql
from store.customers import _LOADED
from store.database import Store
from store.postgres import PostgresDatabase
from store.tables.cells import cells
from tests.store import samples

pytestmark = pytest.mark.postgres

WHO = samples.subject(1)


@pytest.fixture
def store(postgres_store: Store) -> Store:
    return postgres_store


def planned(store: Store, sql: str, values: tuple[object, ...]) -> str:
    """Return how ``sql`` would be answered if walking a table were dear, as it is where there are millions of rows."""
    with store._database.read() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", values))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (customer_queries._DUE, "ix_customers_due"),
        (customer_queries._WAITING, "ix_customers_waiting"),
        (customer_queries._ONE, "pk_customers"),
        (customer_queries._PAGE, "pk_customers"),
        (journey_queries._WORST_POOR, "ix_journeys_poor"),
        (journey_queries._DISSATISFIED_POOR, "ix_journeys_poor"),
        (journey_queries._OF, "pk_journeys"),
        (journey_queries._ARCHIVE_PAGE, "pk_archived"),
        (rescue_queries._OPEN, "ix_rescues_"),
        (outbox_queries._UNSENT, "ix_outbox_unsent"),
        (outbox_queries._LAST_SENT, "ix_outbox_sent"),
    ],
)
def test_queries_of_pages_and_ticks_walk_no_table(store: Store, query: Select[tuple[object]], index: str) -> None:
    assert isinstance(store._database, PostgresDatabase)
    compiled = query.compile(dialect=store._database._reader.dialect)
    plan = planned(store, str(compiled), ("1",) * len(compiled.positiontup or ()))
    assert index in plan
    assert "Seq Scan" not in plan


def test_the_fold_finds_rows_by_their_keys(store: Store) -> None:
    plan = planned(store, _LOADED, ([0, 1], ["a", "b"]))
    assert "pk_customers" in plan
    assert "Seq Scan" not in plan
    key = [[1], [1], [1], [1]]
    plan = planned(store, found_sql(cells), tuple(key))
    assert "pk_cells" in plan
    assert "Seq Scan" not in plan


def fold(store: Store, number: int) -> None:
    who = samples.subject(number)
    store.checkpoint(samples.full(who, store.partitions.position(samples.home(who)).next_offset))


def test_many_rows_are_counted_as_the_server_remembers_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        fold(store, number)
    with store._database.write() as connection:
        connection.execute(text("ANALYZE customers"))
    fold(store, 4)
    assert store.customers.count() == 4
    monkeypatch.setattr("store.dialects.MANY", 2)
    assert store.customers.count() == 3


def test_what_is_old_goes_in_portions_each_a_commit_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.pruning.MOST", 2)
    store.outbox.add([OutboxMessage(Offset(0), 0, "gaps", f"k{n}", b"") for n in range(7)])
    store.outbox.mark_sent(store.outbox.unsent()[:5], Millis(10))
    assert isinstance(store._database, PostgresDatabase)
    deletes: list[int] = []

    def counted(*arguments: object) -> None:
        if isinstance(arguments[1], Delete):
            deletes.append(1)

    event.listen(store._database._writer, "before_execute", counted)
    assert store.outbox.prune(Millis(10)) == 0
    assert store.outbox.prune(Millis(11)) == 5
    assert len(deletes) == 1 + 3
    assert len(store.outbox.unsent()) == store.outbox.backlog() == 2
