"""A PostgreSQL for the tests: one server per test run (per worker of xdist), an empty database per test.

``RESSENTI_TEST_POSTGRES`` names a server that is there already, as the address of a database from which others may be
made. Else a cluster of our own is started on first use (``deploy.postgres``). Without either, tests that need it are
skipped with the reason; in CI (``CI=true``) that is a failure.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from deploy.postgres.cluster import Cluster, NoServer, throwaway
from store.connecting import connected
from store.migrating import migrate

NAMED = "RESSENTI_TEST_POSTGRES"
_EMPTY = """
SET lock_timeout = '2s';
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$
"""
"""A tenth of the time that a new database takes, where tables hold a few rows."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the databases that tests make on it."""

    address: str
    """Of a database from which others are made and deleted."""
    cluster: Cluster | None
    """Ours, which may be stopped and started; ``None`` when the server was named by ``RESSENTI_TEST_POSTGRES``."""

    def url(self, database: str) -> str:
        """Return the address of ``database`` on this server."""
        return urlsplit(self.address)._replace(path=f"/{database}").geturl()

    def make(self, template: str = "template0") -> str:
        """Make a database as ``template`` is, under a name nobody has; return its name."""
        name = f"ressenti_test_{uuid.uuid4().hex[:12]}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Delete ``database``, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Yield the server of this test run."""
    if named := os.environ.get(NAMED):
        yield Server(named, None)
        return
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(throwaway())
        except NoServer as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI has no PostgreSQL: {missing}")
            pytest.skip(f"needs PostgreSQL: {missing}")
        yield Server(cluster.url(), cluster)


@dataclass(slots=True)
class Databases:
    """Migrated databases for one test after the other."""

    server: Server
    template: str
    _spare: list[str] = field(default_factory=list)

    def take(self) -> str:
        """Return the name of a migrated database without a row."""
        return self._spare.pop() if self._spare else self.server.make(self.template)

    def give_back(self, database: str) -> None:
        """Empty ``database`` for the next test; one that somebody still holds a lock in is deleted instead."""
        try:
            with psycopg.connect(self.server.url(database), autocommit=True) as connection:
                connection.execute(_EMPTY)
        except psycopg.Error:
            self.server.drop(database)
        else:
            self._spare.append(database)

    def drop(self) -> None:
        """Delete them all."""
        for database in (*self._spare, self.template):
            self.server.drop(database)


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: Server) -> Iterator[Databases]:
    """Yield databases with our schema and nothing in them."""
    template = postgres_server.make()
    migrated(postgres_server.url(template))
    databases = Databases(postgres_server, template)
    yield databases
    databases.drop()


@pytest.fixture
def postgres(postgres_databases: Databases) -> Iterator[str]:
    """Yield the address of a database of the test's own, migrated (as ``ressenti migrate`` does) and empty."""
    taken = postgres_databases.take()
    yield postgres_databases.server.url(taken)
    postgres_databases.give_back(taken)


@pytest.fixture
def postgres_bare(postgres_server: Server) -> Iterator[str]:
    """Yield the address of a database of the test's own without any table."""
    made = postgres_server.make()
    yield postgres_server.url(made)
    postgres_server.drop(made)


def migrated(url: str) -> None:
    """Give the database at ``url`` our tables, as ``ressenti migrate`` does."""
    with closing(connected(url)) as database:
        migrate(database, "store")
