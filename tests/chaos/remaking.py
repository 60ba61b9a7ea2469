"""The topic made anew, on a topic and a database of its own: who is running must end, who starts must refuse."""

import time
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.chaos.reference import patiently
from tests.chaos.town import Town, company, ground_of
from tests.servers.postgres import migrated
from tests.servers.workers import Ground, make_topic

EVENTS = 60
_REFUSED = 3


def remade_topic(town: Town) -> str:
    """Delete the topic and make another of its name; nothing may be folded from it."""
    folder = town.ground.folder / f"anew-{time.monotonic_ns()}"
    folder.mkdir()
    ground = ground_of(town.broker, town.cluster, folder, folder.name)
    migrated(str(ground.settings.database_url))
    make_topic(ground.settings)
    try:
        _remake(ground, folder)
    finally:
        ground.close()
    return "refused, as it must be"


def _remake(ground: Ground, folder: Path) -> None:
    with ground.house() as house:
        worker = ground.one()
        events = company(len(folder.name))
        house.log.append([next(events) for _ in range(EVENTS)])
        before = ground.folded(house)
        _delete(ground)
        assert worker.wait(90) == _REFUSED, f"a worker whose topic was made anew went on: {worker.said[-2_000:]}"
        (late,) = ground.start(1)
        assert late.wait(90) == _REFUSED, f"a worker started on a topic made anew: {late.said[-2_000:]}"
        assert "this store was built from log" in late.said, late.said[-2_000:]
        now = patiently(house.store.partitions.positions)
        assert {partition: at.next_offset for partition, at in now.items()} == before, "positions moved all the same"


def _delete(ground: Ground) -> None:
    """Delete the topic of ``ground``, and make it again as soon as the broker lets us."""
    name = f"{ground.settings.kafka_prefix}{ground.settings.kafka_topic}"
    with KafkaAdminClient(bootstrap_servers=ground.settings.kafka_bootstrap) as admin:
        admin.delete_topics([name])
    until = time.monotonic() + 20
    while True:
        time.sleep(0.5)
        try:
            return make_topic(ground.settings)
        except KafkaError:
            if time.monotonic() > until:
                raise
