"""Bringing a database to the schema this version needs, or saying why that cannot be.

A new database is made from the tables at once; an older one walks the steps of its lineage (Alembic). Tests prove that
both ways lead to the same schema. A data folder is brought up to date by whoever opens it; a PostgreSQL database, which
others may be using, only when somebody asks for it (``ressenti migrate``).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, MetaData, inspect, text

from models.errors import SchemaMismatch
from store.databases import Database
from store.dialects import serialize
from store.tables import LOG, STORE
from store.tables.records import imports

if TYPE_CHECKING:
    from alembic.config import Config

Lineage = Literal["log", "store"]

HEADS: dict[Lineage, str] = {"log": "0001", "store": "0004"}
"""The step each schema is at in this version."""

TABLES: dict[Lineage, MetaData] = {"log": LOG, "store": STORE}
_STEPS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"


def migrate(database: Database, lineage: Lineage) -> str | None:
    """Make the schema of ``database`` the one this version needs, in one transaction; return what it was before.

    Nothing is done when it is so already; when several try, one does it and the others wait. Raises ``SchemaMismatch``
    for a newer one, and for a database that has tables of something else.
    """
    with database.read() as connection:
        before = _version(connection)
    if before == HEADS[lineage]:
        return before
    with database.write() as connection:
        serialize(connection, "migrating")
        before = _version(connection)  # again: another process may have been quicker
        if before is None:
            _make(connection, lineage, database.name)
        else:
            _refuse_newer(database.name, lineage, before)
            if before < HEADS[lineage]:
                upgrade(connection, lineage)
    return before


def check_schema(database: Database, lineage: Lineage) -> None:
    """Raise ``SchemaMismatch`` unless ``database`` has the schema that this version needs."""
    with database.read() as connection:
        found = _version(connection)
    if found == HEADS[lineage]:
        return
    if found is None:
        raise SchemaMismatch(f"{database.name}: has no tables of ours yet; run `ressenti migrate`")
    _refuse_newer(database.name, lineage, found)
    raise SchemaMismatch(
        f"{database.name}: has schema {found}, this version needs {HEADS[lineage]}; run `ressenti migrate`"
    )


def _refuse_newer(name: str, lineage: Lineage, version: str) -> None:
    if version > HEADS[lineage]:
        raise SchemaMismatch(
            f"{name}: written by a newer Ressenti (schema {version}, this one knows up to {HEADS[lineage]}); "
            "upgrade Ressenti, or use another data folder or database"
        )


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


def _make(connection: Connection, lineage: Lineage, name: str) -> None:
    found = inspect(connection).get_table_names()
    if found:
        raise SchemaMismatch(
            f"{name}: a database of something else (it has the tables {', '.join(sorted(found)[:5])}); "
            "name another data folder or database"
        )
    TABLES[lineage].create_all(connection)
    if connection.dialect.name == "postgresql":
        imports.create(connection)
    connection.execute(text(f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} VALUES (:head)"), {"head": HEADS[lineage]})  # noqa: S608 - a constant
