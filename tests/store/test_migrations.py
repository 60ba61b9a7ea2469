"""Both ways to a schema (made at once, walked step by step) lead to the same one, and back to nothing."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from store.migrating import HEADS, TABLES, Lineage, _config, downgrade, migrate, upgrade
from store.sqlite import Database

LINEAGES: list[Lineage] = ["log", "store"]


def schema(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'"
    )
    return sorted(" ".join(sql.split()) for (sql,) in rows)


@pytest.mark.parametrize("lineage", LINEAGES)
def test_walking_up_gives_the_tables_of_the_code(tmp_path: Path, lineage: Lineage) -> None:
    walked = Database(tmp_path / "walked.db", synchronous="NORMAL")
    made = Database(tmp_path / "made.db", synchronous="NORMAL")
    with walked.write() as connection:
        upgrade(connection, lineage)
    migrate(walked, lineage)
    migrate(made, lineage)
    with walked.read() as one, made.read() as other:
        context = MigrationContext.configure(one, opts={"compare_type": True})
        assert compare_metadata(context, TABLES[lineage]) == []
        assert schema(one) == schema(other)
        assert context.get_current_revision() == HEADS[lineage]
        assert ScriptDirectory.from_config(_config(one, lineage)).get_current_head() == HEADS[lineage]
    walked.close()
    made.close()


@pytest.mark.parametrize("lineage", LINEAGES)
def test_walking_down_leaves_nothing_and_up_again_everything(tmp_path: Path, lineage: Lineage) -> None:
    database = Database(tmp_path / "x.db", synchronous="NORMAL")
    migrate(database, lineage)
    with database.read() as connection:
        before = schema(connection)
    with database.write() as connection:
        downgrade(connection, lineage)
        assert schema(connection) == []
        upgrade(connection, lineage)
    with database.read() as connection:
        assert schema(connection) == before
    database.close()


@pytest.mark.parametrize("lineage", LINEAGES)
def test_a_step_that_fails_leaves_the_schema_as_it_was(tmp_path: Path, lineage: Lineage) -> None:
    database = Database(tmp_path / "x.db", synchronous="NORMAL")
    migrate(database, lineage)
    with database.read() as connection:
        before = schema(connection)

    def fail() -> None:
        with database.write() as connection:
            downgrade(connection, lineage)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as connection:
        assert schema(connection) == before
    database.close()


def test_an_older_schema_is_walked_up_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(tmp_path / "x.db", synchronous="NORMAL")
    migrate(database, "log")
    with database.write() as connection:
        downgrade(connection, "log")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0000')")
    walked: list[str] = []
    monkeypatch.setattr("store.migrating.upgrade", lambda _, lineage: walked.append(lineage))
    migrate(database, "log")
    assert walked == ["log"]
    database.close()


@pytest.mark.parametrize("table", TABLES["store"].sorted_tables, ids=lambda table: str(table.name))
def test_every_table_means_the_same_on_postgresql(table: Table) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = str(CreateTable(table).compile(dialect=dialect))
    assert "CREATE TABLE" in made
    for index in table.indexes:
        sqlite_where = index.dialect_options["sqlite"]["where"]
        postgresql_where = index.dialect_options["postgresql"]["where"]
        assert (sqlite_where is None) == (postgresql_where is None)
        assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))
