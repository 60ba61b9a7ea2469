"""The worker's port: whether it lives, whether it is ready, and metrics that say what they are for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.errors import LogChanged, RefusedToStart
from models.identifiers import Offset, Partition
from streams.settings import read
from streams.worker.pump import Progress
from streams.worker.worker import Worker
from tests.web.asking import asking
from web.metrics.catalogue import PREFIX
from web.worker.catalogue import TOLD
from web.worker.endpoints import worker_app
from web.worker.serving import told_of


@dataclass
class Fake:
    """As much of a worker as is told of it."""

    progress: Progress = field(default_factory=lambda: Progress(offsets=40, checkpoints=3, seeks=2, at=monotonic() - 7))
    wanted: Mapping[Partition, Offset] = field(
        default_factory=lambda: {Partition(0): Offset(30), Partition(2): Offset(5)}
    )
    ends: Mapping[Partition, Offset] = field(
        default_factory=lambda: {Partition(0): Offset(42), Partition(1): Offset(900), Partition(2): Offset(5)}
    )
    waiting: str | None = None
    failure: BaseException | None = None
    expired: int = 11
    lost_on_the_way: int = 1
    fences: int = 4

    def ask(self, path: str, host: str = "127.0.0.1") -> httpx.Response:
        with asking(worker_app(cast("Worker", self), any_host=False)) as client:
            return client.get(path, headers={"Host": host})


def samples(text: str) -> dict[str, float]:
    return {one.name: one.value for family in text_string_to_metric_families(text) for one in family.samples}


def test_every_metric_is_told_with_what_to_do_when_it_rises() -> None:
    told = samples(Fake().ask("/metrics").text)
    assert set(told) == {
        PREFIX + each.metric.name + ("_total" if each.metric.kind == "counter" else "") for each in TOLD
    }
    assert all(each.metric.says and each.metric.when_it_rises for each in TOLD)


def test_metrics_are_those_of_this_workers_partitions() -> None:
    told = samples(Fake().ask("/metrics").text)
    assert told[f"{PREFIX}worker_partitions"] == 2
    assert told[f"{PREFIX}worker_records_behind"] == 12, "what others fold is not this one's to be behind with"
    assert told[f"{PREFIX}worker_offsets_folded_total"] == 40
    assert told[f"{PREFIX}offsets_expired_total"] == 11
    assert told[f"{PREFIX}engine_fences_total"] == 4
    assert told[f"{PREFIX}worker_waiting"] == 0
    assert 7 <= told[f"{PREFIX}worker_idle_seconds"] < 60


def test_a_worker_that_waits_lives_and_is_not_ready() -> None:
    waits = Fake(waiting="the database is away")
    assert waits.ask("/livez").status_code == 200
    answer = waits.ask("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: the database is away\n")
    assert samples(waits.ask("/metrics").text)[f"{PREFIX}worker_waiting"] == 1


def test_a_worker_that_cannot_go_on_does_not_live() -> None:
    answer = Fake(failure=LogChanged("topic interactions was made anew")).ask("/livez")
    assert (answer.status_code, answer.text) == (503, "the worker ends: topic interactions was made anew\n")


def test_a_request_for_another_machines_name_is_refused() -> None:
    assert Fake().ask("/metrics", "rebound.example").status_code == 421


def test_it_is_served_from_a_thread_until_the_block_ends() -> None:
    worker = cast("Worker", Fake())
    with told_of(worker, read({"RESSENTI_WORKER_PORT": "0"})) as address:
        assert httpx.get(f"{address}/readyz").text == "ready, folding 2 partitions\n"
        port = address.rpartition(":")[2]
        with (
            pytest.raises(RefusedToStart, match="cannot be had"),
            told_of(worker, read({"RESSENTI_WORKER_PORT": port})),
        ):
            pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/readyz")
