"""Both ways to a schema (made at once, walked step by step) lead to the same one, and back to nothing."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from store.measures import unpack
from store.migrating import HEADS, TABLES, Lineage, _config, downgrade, migrate, upgrade
from store.sqlite import SqliteDatabase

LINEAGES: list[Lineage] = ["log", "store"]


def schema(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'"
    )
    return sorted(" ".join(sql.split()) for (sql,) in rows)


@pytest.mark.parametrize("lineage", LINEAGES)
def test_walking_up_gives_the_tables_of_the_code(tmp_path: Path, lineage: Lineage) -> None:
    walked = SqliteDatabase(tmp_path / "walked.db", synchronous="NORMAL")
    made = SqliteDatabase(tmp_path / "made.db", synchronous="NORMAL")
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
    database = SqliteDatabase(tmp_path / "x.db", synchronous="NORMAL")
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
    database = SqliteDatabase(tmp_path / "x.db", synchronous="NORMAL")
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
    database = SqliteDatabase(tmp_path / "x.db", synchronous="NORMAL")
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


CELLS_OF_0001 = [
    # scope, grain, bucket, partition, group, counts
    (7, 0, 3_600_000, 0, -1, b"\x81\x00\x01"),
    (7, 0, 3_900_000, 0, -1, b"\x81\x00\x02"),
    (7, 0, 3_900_000, 1, -1, b"\x81\x00\x03"),
    (7, 1, 86_400_000 + 23 * 3_600_000, 0, -1, b"\x81\x00\x04"),
    (7, 2, 86_400_000, 0, 0, b"\x81\x00\x05"),
    (7, 2, 86_400_000, 0, 31, b"\x81\xa1x\x06"),
    (8, 2, 86_400_000, 1, 17, b"\x81\x00\x07"),
]


def test_cells_are_put_into_blocks_and_taken_out_again_as_they_were(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "x.db", synchronous="NORMAL")
    read = "SELECT scope, grain, bucket, partition, {}counts FROM cells ORDER BY 1, 2, 3, 4, 5"
    with database.write() as connection:
        upgrade(connection, "store", "0001")
        for row in CELLS_OF_0001:
            connection.exec_driver_sql("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?)", row)
        upgrade(connection, "store", "0002")
        blocks = {tuple(row[:4]): unpack(row[4]) for row in connection.exec_driver_sql(read.format(""))}
        assert blocks == {
            (7, 0, 3_600_000, 0): {0: {0: 1}, 1: {0: 2}},
            (7, 0, 3_600_000, 1): {1: {0: 3}},
            (7, 1, 86_400_000, 0): {23: {0: 4}},
            (7, 2, 86_400_000, 0): {1: {0: 5}, 32: {"x": 6}},
            (8, 2, 86_400_000, 1): {18: {0: 7}},
        }
        downgrade(connection, "store", "0001")
        assert [tuple(row) for row in connection.exec_driver_sql(read.format('"group", '))] == CELLS_OF_0001
    database.close()
