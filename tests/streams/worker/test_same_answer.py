"""The same log gives the same answer: embedded, from one worker, from three with chunks of any size."""

import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Producer

from demo.calendar import Plan
from demo.company import Company
from demo.envelopes import keyed
from models.identifiers import DAY, Millis
from store.projection import Projection
from streams.engine import Limits
from streams.history.importing import import_files
from streams.verify import verify
from tests.servers.postgres import Databases
from tests.servers.workers import Ground
from tests.streams.events import company
from tests.streams.history.exports import FakeLog
from tests.streams.worker.embedded import Pair, declare, embedded

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
ORDERS = Path(__file__).parents[3] / ".." / "shared" / "data" / "orders.csv.gz"
BY_KEY = -1
START = Millis(20_500 * DAY)


def lived() -> list[Pair]:
    """Return some thousand events of the simulated company, and what real senders add to them."""
    random = Random(7)
    plan = Plan(start=START, customers=250, live_from=1 << 62)
    pairs = [*islice(keyed(Company(plan).events()), 3_000), *company(3, 60)]
    repeated = random.sample(pairs, 100)
    contradicting = [(key, contradicted(value)) for key, value in random.sample(pairs[:3_000], 20)]
    broken = [(b"nobody", b"\xff no event"), (b"", b""), (b"k" * 300, b"[]")]
    return [*pairs, *repeated, *contradicting, *broken]


def contradicted(value: bytes) -> bytes:
    """Return the same event, by its id, with other content."""
    event = json.loads(value)
    return json.dumps(event | {"data": event["data"] | {"touchpoint": "elsewhere"}}).encode()


def ordered() -> list[Pair]:
    """Return the first months of a real export of orders."""
    if not ORDERS.exists():
        pytest.skip(f"{ORDERS.name} is not at hand: ../shared/data is absent")
    log = FakeLog()
    import_files([ORDERS], "orders", log.target)
    return log.records[:8_000]


def send(ground: Ground, pairs: Sequence[Pair], misplaced: int) -> None:
    """Append ``pairs``, the first ``misplaced`` of them where they do not belong or under another's key."""
    producer = Producer({"bootstrap.servers": ground.settings.kafka_bootstrap, "partitioner": "murmur2_random"})
    topic = f"{ground.settings.kafka_prefix}{ground.settings.kafka_topic}"
    for n, (key, value) in enumerate(pairs):
        where = n % ground.settings.partitions if n < misplaced else BY_KEY
        producer.produce(topic, key=b"wrong" if n < misplaced // 2 else key, value=value, partition=where)
        producer.poll(0)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("events", [lived, ordered])
def test_engines_and_any_number_of_workers_agree(
    ground: Ground, postgres_databases: Databases, tmp_path: Path, events: Callable[[], list[Pair]]
) -> None:
    random, pairs = Random(11), events()
    spare = postgres_databases.take()
    several = ground.beside(postgres_databases.server.url(spare))
    with ground.house() as alone, several.house() as shared:
        declare(alone.store, pairs)
        declare(shared.store, pairs)
        half = len(pairs) // 2
        send(ground, pairs[:half], misplaced=40)
        ground.one()
        for _ in range(3):
            sizes = random.choice([9, 60, 300, 5_000]), random.choice([400, 2_000, 60_000])
            several.start(1, RESSENTI_CHUNK_RECORDS=str(sizes[0]), RESSENTI_WORKER_CHECKPOINT_RECORDS=str(sizes[1]))
        several.folded(shared)
        for at in range(half, len(pairs), 1_000):
            send(ground, pairs[at : at + 1_000], misplaced=0)
        ground.folded(alone)
        several.folded(shared)
        # The embedded engine forwards what is misplaced once more; everybody folds that too before they are compared.
        expected, checked = embedded(tmp_path / "embedded", alone.log, pairs, Limits(chunk_records=173))
        for each, house in ((ground, alone), (several, shared)):
            each.folded(house)
            agree(expected, house.store.projection())
            found = verify(house.store, house.log)
            assert (found.ok, found.customers, found.cells) == (checked.ok, checked.customers, checked.cells)
            assert (found.differences, found.unfolded) == ([], 0)
        assert [worker.stop() for worker in ground.workers] == [0] * 4
    postgres_databases.give_back(spare)


def agree(one: Projection, other: Projection) -> None:
    """Fail with the first differences of two answers."""
    assert one.differences(other) == []
    assert one.digest() == other.digest()
    assert one.tables["customers"]
    assert one.tables["cells"]
