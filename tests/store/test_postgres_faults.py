"""What PostgreSQL refuses, and what happens when it is away: one sentence with the remedy, and on by itself."""

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from deploy.postgres.cluster import Cluster, Mode
from models.effects import Forward
from models.errors import RefusedToStart, RessentiError, Retryable, SchemaMismatch, StoreBusy
from models.identifiers import Offset
from store.address import Address
from store.connecting import connected
from store.database import Store
from store.postgres_faults import meaning
from tests.servers.postgres import Server
from tests.store import samples

pytestmark = pytest.mark.postgres

WHO = samples.subject(1)
HERE = samples.home(WHO)


@pytest.fixture
def store(postgres_store: Store) -> Store:
    return postgres_store


@pytest.fixture
def cluster(postgres_server: Server) -> Cluster:
    if postgres_server.cluster is None:
        pytest.skip("RESSENTI_TEST_POSTGRES names a server that is not ours to stop")
    return postgres_server.cluster


@pytest.fixture
def stranger(postgres_server: Server, postgres: str) -> Iterator[str]:
    """Yield the name of a role that may log in and do nothing."""
    name = "ressenti_test_stranger"
    with psycopg.connect(postgres_server.address, autocommit=True) as admin:
        admin.execute(f"DROP ROLE IF EXISTS {name}")
        admin.execute(f"CREATE ROLE {name} LOGIN")
        yield name
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {name}")
        admin.execute(f"DROP ROLE {name}")


def as_role(url: str, role: str) -> str:
    return url.replace("//ressenti@", f"//{role}@")


def test_a_password_is_needed_where_one_is_asked_for(cluster: Cluster, postgres: str) -> None:
    database = psycopg.conninfo.conninfo_to_dict(postgres)["dbname"]
    assert isinstance(database, str)
    address = Address(cluster.tcp_url(database), password=cluster.password)
    connected(address).close()
    for wrong in (None, "wrong"):
        with pytest.raises(RefusedToStart, match=r"does not let us in .*RESSENTI_DATABASE_PASSWORD_FILE") as refused:
            connected(replace(address, password=wrong))
        assert cluster.password not in str(refused.value)


def test_a_database_that_is_not_there_is_refused_with_the_remedy(postgres_server: Server) -> None:
    with pytest.raises(RefusedToStart, match=r"is not there; make it .*ressenti migrate"):
        connected(postgres_server.url("ressenti_test_none"))


def test_a_role_that_is_not_there_is_refused(postgres: str, cluster: Cluster) -> None:
    assert cluster.port
    with pytest.raises(RefusedToStart, match="does not let us in"):
        connected(as_role(postgres, "nobody_of_that_name"))


def test_a_server_that_is_away_is_waited_for(store: Store) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Retryable, match="does not answer"):
        connected(f"postgresql://ressenti@127.0.0.1:{port}/none")
    assert store.partition_count == 16


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(RefusedToStart, match="write it like postgresql://"):
        connected("postgresql://host/name?no_such_thing=1")


def test_no_connection_left_is_busy(postgres: str, stranger: str, cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {stranger} CONNECTION LIMIT 0")
    with pytest.raises(StoreBusy, match="raise its max_connections"):
        connected(as_role(postgres, stranger))


def test_a_role_without_rights_is_refused(postgres: str, stranger: str, cluster: Cluster) -> None:
    assert cluster.port
    with pytest.raises(RefusedToStart, match="let it own the tables"):
        Store.connect(as_role(postgres, stranger))


def test_every_connection_in_use_is_busy(postgres: str, store: Store) -> None:
    with Store.connect(Address(postgres, readers=1, busy_ms=100), clock=store.clock) as narrow:
        with ThreadPoolExecutor(1) as pool, narrow.snapshot():
            elsewhere = pool.submit(narrow.customers.count)
            with pytest.raises(StoreBusy, match="every connection of this process is in use"):
                elsewhere.result(10)
        assert narrow.customers.count() == 0


def test_a_question_that_takes_too_long_is_stopped(postgres: str, store: Store) -> None:
    with (
        Store.connect(Address(postgres, statement_seconds=0.05), clock=store.clock) as hasty,
        pytest.raises(Retryable, match="RESSENTI_DATABASE_STATEMENT_SECONDS"),
        hasty._database.read() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))


def test_tables_that_went_while_running_are_asked_for(store: Store) -> None:
    with store._database.write() as connection:
        connection.execute(text("ALTER TABLE customers RENAME TO elsewhere"))
    try:
        with pytest.raises(SchemaMismatch, match="run `ressenti migrate`"):
            store.customers.state(WHO)
    finally:
        with store._database.write() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO customers"))


@pytest.mark.parametrize(
    ("state", "kind", "says"),
    [
        ("53100", "StoreFull", "free some space"),
        ("53200", "Retryable", "short of something"),
        ("40P01", "StoreBusy", "nothing was written"),
        ("40001", "StoreBusy", "nothing was written"),
        ("55P03", "StoreBusy", "another process"),
        ("57P01", "Retryable", "does not answer"),
        ("57P03", "Retryable", "does not answer"),
        ("08006", "Retryable", "does not answer"),
        ("58030", "Retryable", "disk"),
        ("25006", "Retryable", "read-only"),
        ("54000", "RowRefused", "too large"),
        ("0A000", "SchemaMismatch", "anew"),
        ("22P05", "RowRefused", "refuses a value"),
        ("23505", "RowRefused", "refuses a row"),
        ("XX001", "RefusedToStart", "backup"),
        ("42501", "RefusedToStart", "own the tables"),
    ],
)
def test_each_kind_of_complaint_asks_for_its_reaction(state: str, kind: str, says: str) -> None:
    error = psycopg.errors.lookup(state)("the server's words")
    ours = meaning(error, "database x")
    assert isinstance(ours, RessentiError)
    assert type(ours).__name__ == kind
    assert says in str(ours)
    assert str(ours).startswith("database x ")


def test_a_mistake_in_our_own_statements_is_not_explained_away(store: Store) -> None:
    with pytest.raises(Exception, match="syntax error") as raised, store._database.read() as connection:
        connection.exec_driver_sql("SELEKT 1")
    assert not isinstance(raised.value, RessentiError)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_restarted_in_the_middle_of_a_checkpoint_loses_it_whole(
    store: Store, cluster: Cluster, mode: Mode
) -> None:
    def restart(_: Sequence[Forward]) -> None:
        cluster.restart(mode)

    with pytest.raises(Retryable, match="does not answer"):
        store.checkpoint(samples.full(WHO), hand_on=restart)
    assert store.partitions.position(HERE).next_offset == 0
    assert store.customers.row(WHO) is None
    store.checkpoint(samples.full(WHO))
    assert store.partitions.position(HERE).counters.received == 4


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_who_reads_and_writes_after_a_restart_notices_nothing(store: Store, cluster: Cluster, mode: Mode) -> None:
    store.settings.set("a", "decided by somebody", store.clock())
    with store.snapshot():
        assert store.customers.count() == 0
    cluster.restart(mode)
    assert store.settings.get("a") == "decided by somebody", "what people decide is on the disk"
    assert store.customers.load(HERE, [WHO]) == {}
    store.settings.set("b", "2", store.clock())
    store.checkpoint(samples.full(WHO))
    assert store.customers.count() == 1


def test_a_crash_undoes_whole_checkpoints_or_none(store: Store, cluster: Cluster) -> None:
    folded = 0
    for round_ in range(6):
        for _ in range(round_):
            store.checkpoint(samples.full(WHO, folded))
            folded += 5
        cluster.restart("immediate")
        position = store.partitions.position(HERE)
        assert position.next_offset <= folded
        assert position.counters.received * 5 == position.next_offset * 4
        letters = {kept.letter.offset for kept in store.dead_letters.recent()}
        assert letters == {Offset(n + 1) for n in range(0, position.next_offset, 5)}, "rows and offset went together"
        folded = position.next_offset


def test_while_it_is_down_everything_is_to_be_tried_again_and_then_works(store: Store, cluster: Cluster) -> None:
    cluster.stop()
    try:
        for act in (
            lambda: store.checkpoint(samples.full(WHO)),
            store.customers.count,
            lambda: store.customers.load(HERE, [WHO]),
            lambda: store.settings.set("a", "1", store.clock()),
        ):
            with pytest.raises(Retryable, match="does not answer"):
                act()
    finally:
        cluster.start()
    store.checkpoint(samples.full(WHO))
    assert store.customers.count() == 1
