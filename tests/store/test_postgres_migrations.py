"""Both ways to a schema on PostgreSQL lead to the same one; who finds another is told what to do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from models.errors import LogChanged, RefusedToStart, SchemaMismatch
from models.identifiers import Millis
from store.connecting import connected
from store.database import Store
from store.databases import Database
from store.making import LogFacts
from store.migrating import HEADS, TABLES, check_schema, downgrade, migrate, upgrade
from store.tables.records import imports
from tests.store import samples

pytestmark = pytest.mark.postgres

STEPS = [f"{number:04}" for number in range(1, int(HEADS["store"]) + 1)]
SCHEMA = """
SELECT 'column', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
       || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(l.collname, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'settings', relname, array_to_string(reloptions, ' ') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
UNION ALL SELECT 'sequence', sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


def schema(connection: Connection) -> list[tuple[str, ...]]:
    """Return every column, index, constraint and setting there is, but for Alembic's own."""
    rows = connection.execute(text(SCHEMA))
    return [tuple(row) for row in rows if "alembic_version" not in row[1]]


@pytest.fixture
def bare(postgres_bare: str) -> Iterator[Database]:
    with closing(connected(postgres_bare)) as database:
        yield database


@pytest.fixture
def made(postgres: str) -> Iterator[Database]:
    with closing(connected(postgres)) as database:
        yield database


def test_walking_up_gives_the_tables_of_the_code(bare: Database, made: Database) -> None:
    with bare.write() as connection:
        upgrade(connection, "store")
    with bare.read() as one, made.read() as other:
        assert schema(one) == schema(other)
        known = {*TABLES["store"].tables, imports.name}
        named = {"include_name": lambda name, kind, _: kind != "table" or name in TABLES["store"].tables}
        context = MigrationContext.configure(one, opts={"compare_type": True, **named})
        assert compare_metadata(context, TABLES["store"]) == []
        assert known == {name.split(".")[0] for kind, name, _ in schema(one) if kind == "column"}


@pytest.mark.parametrize("step", ["base", *STEPS[:-1]])
def test_walking_down_and_up_again_comes_to_the_same(made: Database, step: str) -> None:
    with made.write() as connection:
        before = schema(connection)
        downgrade(connection, "store", step)
        assert (schema(connection) == []) == (step == "base")
        upgrade(connection, "store")
        assert schema(connection) == before


def test_a_step_that_fails_leaves_the_schema_as_it_was(made: Database) -> None:
    with made.read() as connection:
        before = schema(connection)

    def fail() -> None:
        with made.write() as connection:
            downgrade(connection, "store")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with made.read() as connection:
        assert schema(connection) == before


@pytest.mark.parametrize("step", STEPS[:-1])
def test_an_older_schema_is_walked_up_with_everything_in_it(postgres: str, made: Database, step: str) -> None:
    who = samples.subject(1)
    with Store.connect(postgres, log=LogFacts("a log", 16)) as store:
        store.checkpoint(samples.full(who))
        before = store.projection()
    with made.write() as connection:
        downgrade(connection, "store", step)
    with pytest.raises(SchemaMismatch, match=f"schema {step}, this version needs {STEPS[-1]}.*ressenti migrate"):
        Store.connect(postgres)
    assert migrate(made, "store") == step
    with Store.connect(postgres) as store:
        assert store.projection().differences(before) == []
        assert store.partitions.position(samples.home(who)).next_offset == 5


def test_many_that_migrate_at_once_do_it_once(postgres_bare: str) -> None:
    def one(_: int) -> str | None:
        with closing(connected(postgres_bare)) as database:
            return migrate(database, "store")

    with ThreadPoolExecutor(6) as pool:
        before = list(pool.map(one, range(6)))
    assert before.count(None) >= 1
    assert set(before) <= {None, HEADS["store"]}
    with closing(connected(postgres_bare)) as database:
        check_schema(database, "store")


def test_many_that_open_a_new_store_at_once_agree_on_its_log(postgres: str) -> None:
    def one(number: int) -> str | None:
        try:
            with Store.connect(postgres, log=LogFacts(f"log {number}", 4)) as store:
                return store.settings.get("log_identity")
        except RefusedToStart as refused:
            assert "built from log" in str(refused)  # noqa: PT017 - all but one are refused
            return None

    with ThreadPoolExecutor(6) as pool:
        identities = [identity for identity in pool.map(one, range(6)) if identity is not None]
    assert len(identities) == 1
    with Store.connect(postgres) as store:
        assert store.settings.get("log_identity") == identities[0]
        assert (store.partition_count, len(store.partitions.positions()), len(store.definitions.history())) == (4, 4, 1)


def test_a_bare_database_is_refused_with_the_remedy(postgres_bare: str) -> None:
    with pytest.raises(SchemaMismatch, match="has no tables of ours yet; run `ressenti migrate`"):
        Store.connect(postgres_bare)


def test_a_newer_schema_is_refused_with_the_remedy(postgres: str, made: Database) -> None:
    with made.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        for refused in (lambda: Store.connect(postgres), lambda: migrate(made, "store")):
            with pytest.raises(SchemaMismatch, match=r"newer Ressenti.*upgrade Ressenti"):
                refused()
    finally:
        with made.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEADS["store"]})


def test_a_database_of_something_else_is_refused_and_left_alone(bare: Database) -> None:
    with bare.write() as connection:
        connection.execute(text("CREATE TABLE theirs (id int)"))
    with pytest.raises(SchemaMismatch, match=r"something else.*theirs"):
        migrate(bare, "store")
    with bare.read() as connection:
        assert [name for kind, name, _ in schema(connection) if kind == "column"] == ["theirs.id"]


def test_a_store_nobody_built_needs_to_know_its_log(postgres: str) -> None:
    with pytest.raises(RefusedToStart, match=r"nothing was ever folded.*RESSENTI_KAFKA_BOOTSTRAP"):
        Store.connect(postgres)


def test_another_log_is_refused_with_the_remedy(postgres: str) -> None:
    Store.connect(postgres, log=LogFacts("one", 4), clock=lambda: Millis(1)).close()
    with pytest.raises(RefusedToStart, match="the log is other, but this store was built from log one"):
        Store.connect(postgres, log=LogFacts("other", 4))
    with pytest.raises(LogChanged, match="the log has 8 partitions, but this store was built from one of 4"):
        Store.connect(postgres, log=LogFacts("one", 8))
