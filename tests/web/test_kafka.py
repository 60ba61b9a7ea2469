"""The same server on Kafka and PostgreSQL: 202 for what all brokers have, 503 while they are away, live pages."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient

from deploy.kafka.broker import Broker
from models.effects import Effects
from models.errors import RefusedToStart
from models.identifiers import MINUTE, Millis, Offset, Partition
from models.instants import render
from models.partitions import partition_of
from models.pseudonyms import pseudonym
from store.imports import ImportProgress
from store.settings import LOG_IDENTITY
from streams.bootstrap import House, opened
from streams.settings import Settings
from tests.servers.kafka import MakeTopic
from tests.servers.workers import Ground
from tests.web.asking import asking
from tests.web.houses import event
from tests.web.serving import serving
from tests.web.test_live import SOON_S, changed
from web.app import create_app

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def events(house: House, count: int, first: int = 0) -> bytes:
    """Return a body of events that have just happened, each of a customer of its own."""
    at = render(Millis(house.now() - MINUTE))
    each = (event(n, subject=f"customer-{n}", time=at) for n in range(first, first + count))
    return b"\n".join(json.dumps(one).encode() for one in each)


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/v1/events", content=body, headers={"content-type": "application/x-ndjson"})


def records(house: House) -> dict[tuple[Partition, bytes], bytes]:
    """Return everything in the log by partition and key."""
    return {
        (partition, record.key): record.value
        for partition in house.log.ends()
        for record in house.log.read(partition, Offset(0), 10_000).records
    }


@pytest.fixture
def house(ground: Ground) -> Iterator[House]:
    with ground.house() as made:
        yield made


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with asking(create_app(house)) as made:
        yield made


def test_what_is_accepted_is_in_the_topic_under_its_customers_pseudonym(house: House, client: httpx.Client) -> None:
    body = events(house, 30)
    answer = post(client, body)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 30
    keys = [pseudonym(f"customer-{n}", house.key).encode() for n in range(30)]
    kept = records(house)
    assert kept.keys() == {(partition_of(key, house.log.partitions), key) for key in keys}
    assert b"customer-" not in b"".join(kept.values())
    assert post(client, body).json()["duplicate"] == 30


def test_while_the_broker_is_away_senders_are_told_to_come_back_and_then_all_is_taken(
    own_kafka: Broker, ground: Ground
) -> None:
    settings = ground.settings.model_copy(update={"kafka_timeout_seconds": 2.0})
    with opened(settings) as house, asking(create_app(house)) as client:
        assert post(client, events(house, 5)).status_code == 202
        own_kafka.stop()
        began = time.monotonic()
        waiting = events(house, 5, first=5)
        for _ in range(3):
            answer = post(client, waiting)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "Kafka" in answer.json()["detail"]
        assert time.monotonic() - began < 15
        assert client.get("/readyz").status_code == 503
        assert "ressenti_log_away 1.0" in client.get("/metrics").text
        assert "the log does not answer" in client.get("/live/state").text
        own_kafka.start()
        until = time.monotonic() + 60
        while (answer := post(client, waiting)).status_code != 202:
            assert time.monotonic() < until, answer.text
            time.sleep(float(answer.headers["retry-after"]) / 4)
        assert answer.json()["accepted"] == 5
        assert len(records(house)) == 10
        assert client.get("/readyz").status_code == 200
        assert "ressenti_log_away 0.0" in client.get("/metrics").text


def test_an_import_notes_how_far_it_came_after_its_records_are_durable(house: House) -> None:
    progress = ImportProgress("digest", "mapping", "orders.csv", row=2)
    house.imports.append_import([(b"p1_a", b"{}"), (b"p1_b", b"{}")], progress)
    assert sum(house.log.ends().values()) == 2
    found = house.store.imports.find("digest", "mapping")
    assert found is not None
    assert found.row == 2


def test_an_open_page_hears_of_what_a_worker_folded(ground: Ground) -> None:
    with ground.house() as house, serving(house) as address:
        ground.one()
        with (
            httpx.Client(base_url=address, timeout=SOON_S) as client,
            httpx.stream("GET", f"{address}/live", timeout=4 * SOON_S) as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            time.sleep(0.5)  # the first look at where the store stands
            assert post(client, events(house, 3)).status_code == 202
            changed(lines)
            while "3 events" not in client.get("/live/state").text:  # new scopes were declared first
                changed(lines)


def refused(settings: Settings) -> str:
    with pytest.raises(RefusedToStart) as why, opened(settings):
        pass
    return str(why.value)


def test_a_topic_made_anew_is_refused(ground: Ground, topic: MakeTopic) -> None:
    name = ground.settings.kafka_prefix + "interactions"
    with ground.house() as house:
        house.log.append([(b"k", b"v")])
    topic.again(name, 4)
    assert "but this store was built from log" in refused(ground.settings)


def test_a_topic_that_ends_before_the_store_is_refused(ground: Ground) -> None:
    with ground.house() as house:
        at = house.store.partitions.position(Partition(0))
        house.store.checkpoint(Effects(Partition(0), at.next_offset, Offset(7), at.epoch, Millis(1)))
    assert "the store has folded up to offset 7, but the log ends at 0" in refused(ground.settings)


def test_partitions_that_were_added_are_refused_whatever_settings_say(ground: Ground) -> None:
    with ground.house() as house:
        assert house.store.settings.get(LOG_IDENTITY) == house.log.identity
    with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
        admin.create_partitions({ground.settings.kafka_prefix + "interactions": 6})
    time.sleep(0.5)
    remedy = "begin with a new, empty database and RESSENTI_PARTITIONS=6"
    said = refused(ground.settings)
    assert "has 6 partitions, RESSENTI_PARTITIONS says 4" in said
    assert remedy in said
    said = refused(ground.settings.model_copy(update={"partitions": 6}))
    assert "the log has 6 partitions, but this store was built from one of 4" in said
    assert remedy in said


def test_the_topic_must_be_there(ground: Ground) -> None:
    elsewhere = ground.settings.model_copy(update={"kafka_topic": "nowhere"})
    assert "does not exist; run: ressenti topics create" in refused(elsewhere)


def test_kafka_alone_is_not_enough(ground: Ground, tmp_path: Path) -> None:
    alone = ground.settings.model_copy(update={"database_url": None, "data": tmp_path})
    assert "RESSENTI_DATABASE_URL is not" in refused(alone)


def test_a_file_is_brought_in_through_kafka_and_folded_by_workers(ground: Ground, tmp_path: Path) -> None:
    mapping, file = tmp_path / "calls.toml", tmp_path / "calls.csv"
    mapping.write_text(CALLS, encoding="utf-8")
    rows = "".join(f"{n},c{n % 7},2026-01-0{1 + n % 9}T10:00:00Z\n" for n in range(60))
    file.write_text(f"call,customer,ended\n{rows}", encoding="utf-8")
    ground.one()
    command = [sys.executable, "-m", "web.cli.main", "ingest", str(file), "--mapping", str(mapping), "--json"]
    for scored, duplicates in ((60, 0), (0, 60)):
        done = subprocess.run(command, env=ground.environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["scored"], told["duplicates"], told["dead_letters"]) == (scored, duplicates, {})


CALLS = """
name = "calls"
about = "Calls."
source = "phone"
[file]
delimiter = ","
[row]
subject = "{customer}"
time = "ended"
identity = ["call"]
[common]
touchpoint = "support"
channel = "phone"
[[event]]
name = "called"
type = "contact"
[event.fields]
contact = "{call}"
phase = "ended"
outcome = "resolved"
"""
