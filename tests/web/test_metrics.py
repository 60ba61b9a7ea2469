"""``/metrics`` and the health endpoints: what Prometheus reads adds up, and everything in the catalogue is there."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from httpx import Client
from prometheus_client.parser import text_string_to_metric_families

from models.effects import OutboxMessage
from models.identifiers import Offset, Subject
from streams.bootstrap import House
from tests.web import houses
from tests.web.asking import asking
from web.app import create_app
from web.metrics.catalogue import METRICS, PREFIX


def scraped(client: Client) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def total(metrics: dict[str, dict[tuple[tuple[str, str], ...], float]], name: str) -> float:
    return sum(metrics[f"{PREFIX}{name}"].values())


def heard(house: House) -> House:
    """Return ``house`` with somebody who hears its results."""
    return replace(house, settings=house.settings.model_copy(update={"webhook_url": "http://127.0.0.1:1/"}))


def test_every_metric_of_the_catalogue_is_exposed_and_no_other(house: House) -> None:
    houses.fill(house)
    outbox = house.store.outbox
    outbox.add([OutboxMessage(Offset(0), 0, "gaps", "g", b"{}")])
    outbox.mark_sent(outbox.unsent(), house.now())
    expected = {f"{PREFIX}{each.name}{'_total' if each.kind == 'counter' else ''}" for each in METRICS}
    with asking(create_app(heard(house))) as client:
        assert set(scraped(client)) == expected
    for each in METRICS:
        assert each.says
        assert each.when_it_rises


def test_what_was_received_is_scored_duplicate_or_dead(client: Client, house: House) -> None:
    houses.fill(house)
    again = houses.encoded([houses.event(1, "customer-1")])
    house.log.append([(subject_of(house, "customer-1"), sent_before(house))])
    house.settle()
    assert {verdict.status for verdict in house.collector.collect(again, None)} == {"duplicate"}
    metrics = scraped(client)
    received, scored = total(metrics, "events_received_total"), total(metrics, "events_scored_total")
    duplicates, dead = total(metrics, "events_duplicate_total"), total(metrics, "events_dead_total")
    assert received == scored + duplicates + dead
    assert (duplicates, dead) == (1, 1)
    assert scored == 40 + 16 + 5
    verdicts = metrics[f"{PREFIX}collector_events_total"]
    assert verdicts == {
        (("verdict", "accepted"),): 16 + 5,
        (("verdict", "duplicate"),): 1,
        (("verdict", "rejected"),): 0,
    }
    assert total(metrics, "records_behind") == 0


def test_results_that_wait_to_be_sent_are_counted_up_to_a_bound(house: House) -> None:
    outbox = house.store.outbox
    outbox.add([OutboxMessage(Offset(0), 0, "gaps", f"g{n}", b"{}") for n in range(3)])
    with asking(create_app(heard(house))) as client:
        assert total(scraped(client), "outbox_unsent") == 3
        assert f"{PREFIX}outbox_sent_seconds" not in scraped(client)
        assert outbox.backlog(2) == 2
        outbox.mark_sent(outbox.unsent(), house.now())
        assert total(scraped(client), "outbox_unsent") == 0
        assert total(scraped(client), "outbox_sent_seconds") == house.now() / 1000


def test_where_nobody_hears_results_none_wait(client: Client, house: House) -> None:
    house.store.erase(Subject("p1_" + "0" * 26), "Ada")
    assert house.store.outbox.backlog() == 1
    assert f"{PREFIX}outbox_unsent" not in scraped(client)


def subject_of(house: House, raw: str) -> bytes:
    (key, _) = record_of(house, raw)
    return key


def sent_before(house: House) -> bytes:
    (_, value) = record_of(house, "customer-1")
    return value


def record_of(house: House, raw: str) -> tuple[bytes, bytes]:
    from models.identifiers import Offset
    from models.pseudonyms import pseudonym

    subject = pseudonym(raw, house.key).encode()
    for partition in house.store.log.ends():
        for record in house.store.log.read(partition, Offset(0), 1_000).records:
            if record.key == subject:
                return record.key, record.value
    raise AssertionError(raw)


@pytest.mark.parametrize("lived", [lambda _: None, houses.fill])
def test_promtool_finds_nothing_to_say(client: Client, house: House, lived: Callable[[House], None]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None and not os.environ.get("CI"):
        pytest.skip("promtool is not installed")
    assert promtool, "promtool must be installed in CI"
    lived(house)
    ran = subprocess.run(  # noqa: S603 - the tool found on the path
        [promtool, "check", "metrics"], input=client.get("/metrics").text, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr


def test_alive_and_ready_until_the_engine_fails(client: Client, house: House) -> None:
    assert client.get("/livez").text == "alive\n"
    assert client.get("/readyz").text == "ready\n"
    house.engine.failure = RuntimeError("broken")
    assert client.get("/livez").status_code == 503
    assert "broken" in client.get("/livez").text
