"""What the server says while log or database hang, are away, or are other ones than before: at once, and truthfully."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from kafka import KafkaAdminClient
from structlog.testing import capture_logs

from deploy.kafka.broker import Broker
from models.customers import unpack
from models.pseudonyms import pseudonym
from streams.bootstrap import House, opened
from streams.kafka.log import KafkaLog
from tests.servers.kafka import MakeTopic
from tests.servers.postgres import Databases, Server
from tests.servers.workers import Ground, until
from tests.web.asking import asking
from tests.web.test_kafka import events, post
from tests.web.test_metrics import scraped
from web.app import create_app
from web.cli.exits import Exit

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

AWAY, BACK = "requests are answered with 503 for now", "log and database answer again"
BOUND_S = 8.0
"""Less than what Prometheus waits; the server waits two seconds."""


@contextmanager
def serving(ground: Ground, **settings: object) -> Iterator[tuple[House, httpx.Client]]:
    with opened(ground.settings.model_copy(update=settings)) as house, asking(create_app(house)) as client:
        yield house, client


def raised(ground: Ground, partitions: int) -> None:
    with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
        admin.create_partitions({ground.settings.kafka_prefix + "interactions": partitions})


@pytest.mark.parametrize("how", ["made anew", "has grown", "is gone"])
def test_another_log_is_refused_with_the_remedy_and_pages_stay(
    ground: Ground, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    name = ground.settings.kafka_prefix + "interactions"
    with serving(ground) as (house, client):
        assert post(client, events(house, 3)).status_code == 202
        if how == "made anew":
            topic.again(name, 4)
        elif how == "has grown":
            raised(ground, 6)
        else:
            with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
                admin.delete_topics([name])
        monkeypatch.setattr("streams.kafka.log.LOOK_SECONDS", 0.2)
        log = house.log._log
        assert isinstance(log, KafkaLog)
        log._look_at = 0.0  # now, and not while one topic was gone and the other not there yet
        until(lambda: client.get("/readyz").status_code == 503, 15)
        until(lambda: how in client.get("/readyz").text, 15)
        answer = post(client, events(house, 3, first=3))
        assert answer.status_code == 503
        assert "retry-after" not in answer.headers
        said = answer.json()
        assert how in said["detail"]
        assert "empty database" in said["detail"]
        assert "started anew" in said["remedy"]
        assert "ressenti_log_away 1.0" in client.get("/metrics").text
        assert client.get("/").status_code == 200
        assert client.get("/livez").status_code == 200


def test_what_is_taken_before_a_raise_is_noticed_lies_where_the_store_expects_it(ground: Ground) -> None:
    with serving(ground) as (house, client):
        raised(ground, 6)
        time.sleep(0.5)
        assert post(client, events(house, 40)).status_code == 202  # it is looked for every ten seconds only
        ends = house.log.ends()
        assert sum(ends.values()) == 40
        with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
            (described,) = admin.describe_topics([ground.settings.kafka_prefix + "interactions"])
        assert len(described["partitions"]) == 6
        assert ends.keys() == {0, 1, 2, 3}


def test_after_a_raise_a_new_database_gets_all_that_was_taken_before_and_meanwhile(
    ground: Ground, postgres_databases: Databases
) -> None:
    new = postgres_databases.take()
    with serving(ground) as (house, client):
        worker = ground.one()
        assert post(client, events(house, 60)).status_code == 202
        ground.folded(house)
        raised(ground, 6)
        assert post(client, events(house, 40, first=60)).status_code == 202
        assert worker.wait() == Exit.REFUSED
        assert "begin with a new, empty database and RESSENTI_PARTITIONS=6" in worker.said
    beside = ground.beside(postgres_databases.server.url(new), RESSENTI_PARTITIONS="6")
    command = [sys.executable, "-m", "web.cli.main", "topics", "declare", "--json"]
    done = subprocess.run(command, env=beside.environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["records"], told["touchpoints"], told["sources"]) == (100, ["billing"], ["/phone"])
    with serving(beside) as (house, client):
        beside.one()
        beside.folded(house)  # what was there before, before a collector declares anything
        assert post(client, events(house, 20, first=100)).status_code == 202
        until(lambda: house.store.partitions.counters().scored == 120, 60)
        beside.folded(house)
        counters = house.store.partitions.counters()
        assert (counters.received, counters.duplicates, counters.dead_letters) == (120, 0, 0)
        assert counters.forwarded > 0
        assert counters.undeclared == 0
        for n in range(120):
            packed = house.store.customers.state(pseudonym(f"customer-{n}", house.key))
            assert packed is not None
            assert len(unpack(packed).facts) == 1


def test_a_broker_that_hangs_keeps_no_probe_waiting(own_kafka: Broker, ground: Ground) -> None:
    with serving(ground) as (house, client):
        assert post(client, events(house, 3)).status_code == 202
        assert client.get("/readyz").status_code == 200
        own_kafka.pause()
        for path in ("/readyz", "/metrics", "/live/state", "/readyz"):
            began = time.monotonic()
            answer = client.get(path)
            assert time.monotonic() - began < BOUND_S, path
            if path == "/readyz":
                assert answer.status_code == 503
                assert "Kafka" in answer.text
            if path == "/metrics":
                assert "ressenti_log_away 1.0" in answer.text
        own_kafka.resume()
        until(lambda: client.get("/readyz").status_code == 200, 30)
        until(lambda: "ressenti_log_away 0.0" in client.get("/metrics").text, 30)


def test_without_the_database_what_does_not_need_it_is_still_told_and_its_return_too(
    ground: Ground, postgres_server: Server
) -> None:
    if postgres_server.cluster is None:
        pytest.skip("the server of RESSENTI_TEST_POSTGRES is not ours to stop")
    with capture_logs() as lines, serving(ground) as (house, client):
        assert post(client, events(house, 3)).status_code == 202
        assert scraped(client)["ressenti_store_away"] == {(): 0}
        postgres_server.cluster.stop("immediate")
        try:
            found = scraped(client)
            assert found["ressenti_store_away"] == {(): 1}
            until(lambda: scraped(client)["ressenti_log_away"] == {(): 0}, 30)
            assert found["ressenti_collector_events_total"][(("verdict", "accepted"),)] == 3
            assert "ressenti_events_received_total" not in found
            assert [line["event"] for line in lines if line["event"] in {AWAY, BACK}] == [AWAY]
            assert "database" in client.get("/readyz").text
            assert post(client, events(house, 3, first=3)).status_code == 503
        finally:
            postgres_server.cluster.start()
        until(lambda: any(line["event"] == BACK for line in lines), 30)
        assert scraped(client)["ressenti_store_away"] == {(): 0}
        said = [line["event"] for line in lines if line["event"] in {AWAY, BACK}]
        assert said[said.index(AWAY) + 1 :] == [BACK]
