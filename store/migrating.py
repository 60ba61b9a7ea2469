"""Bringing a database to the schema this version needs, or saying why that cannot be.

A new database is made from the tables at once; an older one walks the steps of its lineage (Alembic). Tests prove that
both ways lead to the same schema.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, MetaData, inspect, text

from models.errors import SchemaMismatch
from store.sqlite import Database
from store.tables import LOG, STORE

if TYPE_CHECKING:
    from alembic.config import Config

Lineage = Literal["log", "store"]

HEADS: dict[Lineage, str] = {"log": "0001", "store": "0001"}
"""The step each schema is at in this version."""

TABLES: dict[Lineage, MetaData] = {"log": LOG, "store": STORE}
_STEPS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"


def migrate(database: Database, lineage: Lineage) -> None:
    """Make the schema of ``database`` the one this version needs; raises ``SchemaMismatch`` when it is newer."""
    with database.read() as connection:
        if _version(connection) == HEADS[lineage]:
            return
    with database.write() as connection:
        version = _version(connection)  # again: another process may have been quicker
        if version is None:
            _make(connection, lineage, database.path)
        elif version > HEADS[lineage]:
            raise SchemaMismatch(
                f"{database.path}: written by a newer Ressenti (schema {version}, this one knows up to "
                f"{HEADS[lineage]}); upgrade Ressenti, or use another data folder"
            )
        elif version < HEADS[lineage]:
            upgrade(connection, lineage)


def upgrade(connection: Connection, lineage: Lineage, to: str = "head") -> None:
    """Walk the steps of ``lineage`` up to ``to``, within the caller's transaction."""
    from alembic import command

    command.upgrade(_config(connection, lineage), to)


def downgrade(connection: Connection, lineage: Lineage, to: str = "base") -> None:
    """Walk the steps of ``lineage`` back to ``to``, within the caller's transaction."""
    from alembic import command

    command.downgrade(_config(connection, lineage), to)


def _config(connection: Connection, lineage: Lineage) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.set_main_option("version_locations", str(_STEPS / f"{lineage}_versions"))
    config.set_main_option("path_separator", "newline")
    config.attributes |= {"connection": connection, "metadata": TABLES[lineage]}
    return config


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _make(connection: Connection, lineage: Lineage, path: Path) -> None:
    found = inspect(connection).get_table_names()
    if found:
        raise SchemaMismatch(
            f"{path}: a database of something else (it has the tables {', '.join(sorted(found)[:5])}); "
            "name another data folder"
        )
    TABLES[lineage].create_all(connection)
    connection.execute(text(f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} VALUES (:head)"), {"head": HEADS[lineage]})  # noqa: S608
