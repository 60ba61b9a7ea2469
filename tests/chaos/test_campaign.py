"""A short campaign as anybody would run it, its contract, and that it does find what is lost, doubled or different."""

import json
import os
import subprocess
import sys
from itertools import islice

import pytest

from deploy.kafka.jars import missing
from deploy.postgres.cluster import NoServer, found_binaries
from tests.chaos.campaign import Asked, Outcome, order
from tests.chaos.faults import FAULTS
from tests.chaos.ledger import Balance
from tests.chaos.telling import table, totals
from tests.servers.workers import ROOT

FINE = Outcome("a", "did", 100, Balance(), 1.5)
LOSS = Outcome("b", "did", 50, Balance(lost=2), 0.5)


@pytest.fixture
def servers() -> None:
    """Skip, or in CI fail, where this machine cannot start a broker and a database."""
    reason = missing()
    try:
        found_binaries()
    except NoServer as none:
        reason = reason or str(none)
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no servers for a campaign: {reason}")


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.usefixtures("servers")
def test_a_short_campaign_loses_nothing_and_doubles_nothing() -> None:
    chosen = ["--only", "worker killed", "--only", "database crashed", "--only", "customer erased"]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.chaos", "--seconds", "20", "--seed", "5", "--json", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told) == {"events", "faults", "lost", "doubled", "longest_pause_s"}
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["faults"] >= 1
    assert told["events"] >= 300 * told["faults"]
    assert told["longest_pause_s"] > 0


def test_a_seed_means_one_order_and_every_round_brings_every_fault() -> None:
    def drawn(seed: int) -> list[str]:
        return list(islice(order(Asked(60.0, seed)), 2 * len(FAULTS)))

    assert drawn(7) == drawn(7)
    assert len({tuple(drawn(seed)) for seed in range(5)}) == 5
    assert sorted(drawn(7)[: len(FAULTS)]) == sorted(drawn(7)[len(FAULTS) :]) == sorted(FAULTS)


def test_without_a_time_to_fill_each_fault_comes_once() -> None:
    assert sorted(order(Asked())) == sorted(FAULTS)


def test_faults_may_be_named() -> None:
    assert set(islice(order(Asked(60.0, only=["poison records"])), 3)) == {"poison records"}


def test_what_is_lost_stays_lost_and_is_not_counted_again() -> None:
    assert totals([FINE, LOSS, LOSS]) == {"events": 200, "faults": 3, "lost": 2, "doubled": 0, "longest_pause_s": 1.5}
    assert not LOSS.ok
    assert FINE.ok


def test_a_row_that_differs_shows_in_the_table() -> None:
    wrong = Outcome("c", "did", 1, Balance(), 0.1, ["customers p1: score is 3 in the first, 4 in the second"])
    assert not wrong.ok
    assert "DIFFERS" not in table([FINE])
    assert table([FINE, wrong]).splitlines()[-1].endswith("DIFFERS")
