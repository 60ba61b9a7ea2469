"""What a topic holds is met whole, whatever else lies in it, and declared as a collector would."""

import json
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from models.interactions.internals import SOURCE
from store.database import Store
from streams.declaring import Bounds, Declaring
from streams.kafka.meeting import meet_all
from tests.servers.kafka import Kafka, MakeTopic
from tests.store.samples import T0
from tests.streams.kafka.worlds import opened

pytestmark = pytest.mark.kafka


def record(n: int, **data: str) -> tuple[bytes, bytes]:
    return f"k{n}".encode(), json.dumps({"source": f"/s{n % 2}", "data": data}).encode()


def test_everything_that_is_left_is_met_and_nothing_of_our_own(
    kafka: Kafka, topic: MakeTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.meeting.RECORDS", 3)
    name = topic(2)
    with opened(kafka.bootstrap, name, 2) as log, Store.open(tmp_path / "data", clock=lambda: T0) as store:
        (gone,) = log.append([record(0, channel="fax")])
        log.append([record(n, touchpoint=f"t{n}", channel="phone", segment="no map") for n in range(1, 3)])
        log.append([record(n, touchpoint=f"t{n}", channel="phone") for n in range(3, 20)])
        log.append([(b"k", b"no JSON"), (b"k", b""), (b"k", json.dumps({"source": SOURCE}).encode())])
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.delete_records({TopicPartition(name, gone[0]): gone[1] + 1})
        declaring = Declaring(store.definitions, Bounds(values=200), lambda: T0)
        assert meet_all(log, declaring) == 2 + 17 + 3
        scopes = store.definitions.current().scopes
        assert scopes.touchpoints == {f"t{n}" for n in range(3, 20)}
        assert scopes.channels == {"phone"}
        assert scopes.sources == {"/s0", "/s1"}
        assert meet_all(log, declaring) == 22
