"""The whole second engine: what workers fold, and what people decide, is in the topics, for whoever listens."""

import json
import time

import pytest
from msgspec.structs import replace

from experiments.verdict import Kind
from models.identifiers import MINUTE
from streams.kafka.topic_admin import look
from streams.kafka.topics import Noun, topics_of
from tests.experiments.test_verdict import verdict
from tests.servers.workers import PATIENCE, Ground
from tests.store.test_decisions import GAP, experiment
from tests.streams.events import SUBJECTS, contact
from tests.streams.kafka.receiving import received

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

ANNE = SUBJECTS[0]


class Heard:
    """What the topics of a ground hold."""

    def __init__(self, ground: Ground) -> None:
        self._bootstrap = str(ground.settings.kafka_bootstrap)
        self._topics = {topic.noun: topic for topic in topics_of(ground.settings)}

    def of(self, noun: Noun) -> dict[str, dict[str, object]]:
        """Return the last state of each key, once there is any."""
        until = time.monotonic() + PATIENCE
        while True:
            topic = self._topics[noun]
            found = {key: json.loads(value or b"null") for key, value, _ in self._all(topic.name, topic.partitions)}
            if found:
                return found
            assert time.monotonic() < until, f"nobody told of {noun}"
            time.sleep(0.2)

    def _all(self, topic: str, partitions: int) -> list[tuple[str, bytes | None, dict[str, str]]]:
        return received(self._bootstrap, topic, partitions)


def test_all_topics_are_fed_by_the_worker_that_leads(ground: Ground) -> None:
    assert all(one.faults == [] for one in look(ground.settings, make=True))
    with ground.house() as house:
        now = house.now()
        pairs = [
            contact(ANNE, now - 25 * MINUTE, "c1", "queued"),
            contact(ANNE, now - 5 * MINUTE, "c1", "answered"),
            contact(ANNE, now - 4 * MINUTE, "c1", "progress", steps_repeated=2),
            (ANNE.encode(), b"{no json"),
        ]
        house.store.gaps.save(GAP, based_on=None, by="Ada", now=now)
        house.store.experiments.add(replace(experiment(), verdict=verdict(Kind.AS_EXPECTED)), now)
        ground.one(RESSENTI_OUTBOX_TICK_SECONDS="0.5")
        house.log.append(pairs)
        ground.folded(house)
        heard = Heard(ground)
        ((key, score),) = heard.of("scores").items()
        assert key.startswith(f"{ANNE}/")
        assert score["type"] == "ressenti.score"
        ((key, rescue),) = heard.of("rescues").items()
        assert key.startswith(f"{ANNE}/")
        assert rescue["type"] == "ressenti.rescue"
        ((_, letter),) = heard.of("dead-letters").items()
        assert (letter["type"], letter["raw"]) == ("ressenti.dead_letter", "e25vIGpzb24=")
        assert heard.of("gaps")["g"]["version"] == 1
        assert heard.of("verdicts")["x"]["type"] == "ressenti.verdict"
        house.store.erase(ANNE, "test")  # type: ignore[arg-type]
        assert heard.of("erased")[ANNE]["subject"] == ANNE
