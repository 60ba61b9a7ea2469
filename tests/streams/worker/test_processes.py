"""Worker processes on real servers: stopped, killed, paused, cut off; nothing lost, nothing doubled."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient

from models.customers import unpack
from models.identifiers import MINUTE, Subject
from models.partitions import partition_of
from store.database import system_clock
from streams.bootstrap import House
from streams.verify import verify
from tests.servers.kafka import PASSWORD, USER, Kafka
from tests.servers.postgres import Server
from tests.servers.workers import Ground, WorkerProcess, make_topic, until
from tests.streams.events import company, contact
from tests.streams.worker.embedded import Pair, declare, embedded

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
SLOWLY = {"RESSENTI_CHUNK_RECORDS": "40", "RESSENTI_WORKER_CHECKPOINT_RECORDS": "120"}
"""Many small checkpoints, so that faults fall in the middle of the work."""


@contextmanager
def opened(ground: Ground, pairs: list[Pair]) -> Iterator[House]:
    """Open the ground's house with the scopes of ``pairs`` in force from the first offset."""
    with ground.house() as house:
        declare(house.store, pairs)
        yield house


def equal(ground: Ground, house: House, pairs: list[Pair], folder: Path) -> None:
    """Wait until all is folded, and fail unless it is what the embedded engine makes of the same log."""
    ground.folded(house)
    expected, _ = embedded(folder / "embedded", house.log, pairs)
    assert expected.differences(house.store.projection()) == []
    found = verify(house.store, house.log)
    assert (found.differences, found.unfolded) == ([], 0)
    assert house.store.partitions.counters().received >= len(pairs) * 0.9


def moving(house: House) -> int:
    return sum(at.next_offset for at in house.store.partitions.positions().values())


def fences(worker: WorkerProcess) -> int:
    return int(metric(worker, "engine_fences_total"))


def metric(worker: WorkerProcess, name: str) -> float:
    assert worker.running, worker.said
    found = re.search(rf"^ressenti_{name} (\S+)$", httpx.get(f"{worker.address}/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_asked_to_stop_it_finishes_leaves_its_group_and_another_goes_on_at_once(ground: Ground, tmp_path: Path) -> None:
    pairs = company(1, 150)
    slow_to_notice = {"RESSENTI_WORKER_SESSION_SECONDS": "30", "RESSENTI_WORKER_HEARTBEAT_SECONDS": "0.5"}
    with opened(ground, pairs) as house:
        one, other = (worker.ready() for worker in ground.start(2, **SLOWLY, **slow_to_notice))
        house.log.append(pairs[:400])
        until(lambda: moving(house) > 50)
        begun = time.monotonic()
        assert one.stop() == 0
        house.log.append(pairs[400:])
        equal(ground, house, pairs, tmp_path)
        assert time.monotonic() - begun < 25, "the group waited for the session of a worker that had left"
        assert fences(other) == 0, "an orderly hand-over costs no checkpoint"
        assert metric(other, "worker_partitions") == 4


def test_killed_again_and_again_in_the_middle_of_its_work(ground: Ground, tmp_path: Path) -> None:
    pairs = company(2, 300)
    with opened(ground, pairs) as house:
        house.log.append(pairs)
        for _ in range(4):
            stood = moving(house)
            worker = ground.one(**SLOWLY)
            until(lambda stood=stood: moving(house) > stood)
            worker.kill()
        assert ground.behind(house), "it was too quick to be killed in the middle"
        ground.one()
        equal(ground, house, pairs, tmp_path)


def test_paused_beyond_its_session_and_back_while_another_has_taken_over(ground: Ground, tmp_path: Path) -> None:
    pairs = company(3, 300)
    with opened(ground, pairs) as house:
        paused, other = (worker.ready() for worker in ground.start(2, **SLOWLY))
        house.log.append(pairs[:600])
        until(lambda: moving(house) > 100)
        paused.pause()
        until(lambda: metric(other, "worker_partitions") == 4)
        house.log.append(pairs[600:])
        until(lambda: moving(house) > 700)
        paused.resume()
        equal(ground, house, pairs, tmp_path)
        until(lambda: metric(paused, "worker_partitions") == metric(other, "worker_partitions") == 2)


def test_workers_come_and_go_while_events_come(ground: Ground, tmp_path: Path) -> None:
    pairs = company(4, 300)
    with opened(ground, pairs) as house:
        first = ground.one(**SLOWLY)
        for at in range(0, len(pairs), 300):
            house.log.append(pairs[at : at + 300])
            if at == 300:
                ground.start(2, **SLOWLY)
            if at == 900:
                assert first.stop() == 0
        equal(ground, house, pairs, tmp_path)


def test_a_database_that_goes_away_is_waited_for_and_told(
    ground: Ground, postgres_server: Server, tmp_path: Path
) -> None:
    if postgres_server.cluster is None:
        pytest.skip("the server of RESSENTI_TEST_POSTGRES is not ours to stop")
    pairs = company(5, 200)
    with opened(ground, pairs) as house:
        worker = ground.one(**SLOWLY)
        house.log.append(pairs[:300])
        until(lambda: moving(house) > 50)
        postgres_server.cluster.stop("immediate")
        house.log.append(pairs[300:])
        until(lambda: httpx.get(f"{worker.address}/readyz").status_code == 503)
        assert metric(worker, "worker_waiting") == 1
        assert httpx.get(f"{worker.address}/livez").status_code == 200
        postgres_server.cluster.start()
        equal(ground, house, pairs, tmp_path)
        until(lambda: httpx.get(f"{worker.address}/readyz").status_code == 200)
        assert "the worker waits" in worker.said
        assert worker.stop() == 0


def test_a_worker_with_a_name_of_its_own_gets_its_partitions_back(ground: Ground) -> None:
    with ground.house() as house:
        names = [{"RESSENTI_WORKER_INSTANCE": name, "RESSENTI_WORKER_SESSION_SECONDS": "20"} for name in "ab"]
        first, other = (ground.one(**name) for name in names)
        until(lambda: metric(first, "worker_partitions") == metric(other, "worker_partitions") == 2)
        assert first.stop() == 0
        again = ground.one(**names[0])
        until(lambda: metric(again, "worker_partitions") == 2)
        assert metric(other, "worker_seeks_total") == 0
        house.log.append(company(6, 20))
        ground.folded(house)


def test_what_is_to_be_done_every_so_often_is_done_by_one_of_the_workers(ground: Ground) -> None:
    """Silence alone makes an open wait worse: a leader tells the log so, and whoever holds the partition folds it."""
    now = system_clock()
    subject = "p1_" + "w" * 26
    waiting = contact(subject, now - 20 * MINUTE, "c1", "queued")
    with ground.house() as house:
        house.log.append([waiting])
        ground.start(2, RESSENTI_DUE_TICK_SECONDS="0.3")
        until(lambda: house.store.partitions.counters().due)
        time.sleep(2)
        ground.folded(house)
        counters = house.store.partitions.counters()
        assert counters.scored == 1
        assert counters.due <= 4, "the silence that one leader has told of is told once"
        row = house.store.customers.row(Subject(subject))
        assert row is not None
        assert unpack(row.state).asof >= now - MINUTE


def test_a_topic_made_anew_ends_a_running_worker_and_refuses_the_next(ground: Ground) -> None:
    pairs = company(7, 60)
    with ground.house() as house:
        worker = ground.one()
        house.log.append(pairs)
        ground.folded(house)
        name = f"{ground.settings.kafka_prefix}{ground.settings.kafka_topic}"
        with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
            admin.delete_topics([name])
            time.sleep(1)
        make_topic(ground.settings)
        assert worker.wait() == 3
        assert "bring the right" in worker.said
        before = house.store.partitions.positions()
        (refused,) = ground.start(1)
        assert refused.wait() == 3
        assert "this store was built from log" in refused.said
        assert house.store.partitions.positions() == before


def test_records_where_they_do_not_belong_are_sent_on_and_folded_once(ground: Ground) -> None:
    from confluent_kafka import Producer

    pairs = company(8, 40)
    producer = Producer({"bootstrap.servers": ground.settings.kafka_bootstrap})
    topic = f"{ground.settings.kafka_prefix}{ground.settings.kafka_topic}"
    for key, value in pairs:
        producer.produce(topic, key=key, value=value, partition=(partition_of(key, 4) + 1) % 4)
    producer.flush(30)
    with ground.house() as house:
        ground.one()
        ground.folded(house)
        until(lambda: moving(house) >= 2 * len(pairs) - 8)
        ground.folded(house)
        counters = house.store.partitions.counters()
        decodable = len(pairs) - counters.dead_letters
        assert counters.forwarded == decodable
        assert counters.scored + counters.due == decodable
        assert verify(house.store, house.log).ok


def test_a_login_is_made_and_a_wrong_one_is_refused(ground: Ground, kafka: Kafka, tmp_path: Path) -> None:
    if kafka.broker is None:
        pytest.skip("the broker of KAFKA_BOOTSTRAP may have no login of ours")
    password = tmp_path / "password"
    login = {
        "RESSENTI_KAFKA_BOOTSTRAP": kafka.broker.sasl_bootstrap,
        "RESSENTI_KAFKA_SECURITY": "SASL_PLAINTEXT",
        "RESSENTI_KAFKA_SASL_MECHANISM": "PLAIN",
        "RESSENTI_KAFKA_USER": USER,
        "RESSENTI_KAFKA_PASSWORD_FILE": str(password),
    }
    for text in (PASSWORD, "another"):
        password.write_text(text)
        password.chmod(0o600)
        if text == PASSWORD:
            worker = ground.one(**login)
            with ground.house() as house:
                house.log.append(company(9, 20))
                ground.folded(house)
            assert worker.stop() == 0
        else:
            (refused,) = ground.start(1, **login)
            assert refused.wait() == 3
            assert "refuses the login" in refused.said


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"RESSENTI_KAFKA_BOOTSTRAP": "127.0.0.1:9"}, "RESSENTI_KAFKA_BOOTSTRAP"),
        ({"RESSENTI_KAFKA_PREFIX": "nobody."}, "does not exist; run: ressenti topics create"),
        ({"RESSENTI_PARTITIONS": "16"}, "RESSENTI_PARTITIONS says 16"),
        ({"RESSENTI_DATABASE_URL": "postgresql://127.0.0.1:9/ressenti"}, "database ressenti on 127.0.0.1"),
        ({"RESSENTI_WORKER_HEARTBEAT_SECONDS": "2"}, "a session must hold 3 heartbeats"),
        ({"RESSENTI_HOST": "0.0.0.0"}, "lets other machines in"),  # noqa: S104 - that is the point
    ],
)
def test_what_would_do_harm_is_refused_at_start_in_one_sentence(
    ground: Ground, environment: dict[str, str], sentence: str
) -> None:
    (worker,) = ground.start(1, RESSENTI_KAFKA_TIMEOUT_SECONDS="3", **environment)
    assert worker.wait() in {3, 4}
    (told,) = worker.said.splitlines()  # and nothing of what libraries say meanwhile
    assert told.startswith("ressenti: ")
    assert sentence in told


def test_a_database_without_our_tables_is_refused(ground: Ground, postgres_bare: str) -> None:
    (worker,) = ground.start(1, RESSENTI_DATABASE_URL=postgres_bare)
    assert worker.wait() == 3
    assert "run `ressenti migrate`" in worker.said
