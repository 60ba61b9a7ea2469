"""The same pages and the same commands on PostgreSQL as in a data folder, for the same log."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from httpx import Response

from demo import story
from models.policy import default
from streams.bootstrap import House, opened
from streams.settings import read
from streams.verify import verify
from tests.streams.history.exports import calls, mapping_in, written
from tests.web import houses
from tests.web.asking import asking
from tests.web.cli.conftest import Ran, Run
from tests.web.cluster import house_on
from tests.web.crawling import walk
from tests.web.houses import NOW, Clock
from web.app import create_app

pytestmark = pytest.mark.postgres

COMMANDS = (
    "report",
    "report --since 2026-03-01 --until 2026-03-02 --weeks",
    f"customer {story.subject()}",
    "customer customer-1",
    "targets list",
    "targets show",
    "gaps list --all",
    "gaps show 20260301-abcdef0123",
    "rescues list",
    "experiment list",
    "experiment show exp-1",
    "policy list",
    "policy show",
    "dead-letters list",
    "verify",
)
"""They change nothing."""


@pytest.fixture
def house(postgres: str, folder: Path) -> Iterator[House]:
    """Yield a house on PostgreSQL that was filled as the folder was."""
    with house_on(postgres, folder, Clock(NOW)) as made:
        houses.fill(made)
        yield made


@pytest.fixture
def on_postgres(ran: Run, postgres: str, house: House, folder: Path) -> Run:
    """Return how to run a command on the database."""
    assert house.store.partition_count == 2
    return partial(_ran_on, ran, postgres, folder)


def _ran_on(ran: Run, url: str, folder: Path, *arguments: object) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESSENTI_DATABASE_URL", url)
        patch.setenv("RESSENTI_SECRET_FILE", str(folder / "pseudonym.key"))
        return ran(*arguments)


def test_the_same_log_leaves_the_same_rows(house: House, folder: Path) -> None:
    with opened(read({}, data=folder), Clock(NOW)) as other:
        assert house.store.projection().differences(other.store.projection()) == []
    assert house.store.customers.count() > 40
    assert verify(house.store, house.log).ok


def test_every_page_says_the_same(house: House, folder: Path) -> None:
    with opened(read({}, data=folder), Clock(NOW)) as other:
        here, there = (said(one) for one in (house, other))
    assert here.keys() == there.keys()
    assert [address for address in here if here[address] != there[address]] == []
    assert len(here) > 30


def said(house: House) -> dict[str, str]:
    """Return what every address within reach of the first page answers."""
    with asking(create_app(house)) as client:
        return {address: text_of(answer) for address, answer in walk(client).items()}


def text_of(answer: Response) -> str:
    return "" if "metrics" in str(answer.url) else answer.text


def test_every_command_that_reads_says_the_same(on_postgres: Run, ran: Run, folder: Path) -> None:
    for command in COMMANDS:
        here, there = on_postgres(*command.split(), "--json"), ran(*command.split(), "--json", "--data", folder)
        assert (here.code, here.err) == (0, ""), command
        assert json.loads(here.out) == json.loads(there.out), command


def test_erasing_and_deciding_by_command(on_postgres: Run, house: House) -> None:
    who = "customer-1"
    assert json.loads(on_postgres("customer", who, "--json").out)["journeys"]
    (erased,) = json.loads(on_postgres("erase", who, "--json").out)
    assert erased["rows"]["customers"] == 1
    assert on_postgres("customer", who).code == 2, "nobody of that name is known any more"
    assert json.loads(on_postgres("verify", "--json").out)["ok"]
    done = on_postgres("experiment", "act", "exp-1", "void", "--by", "Rui", "--role", "reviewer", "--note", "wrong")
    assert done.code == 0
    assert house.store.experiments.get("exp-1").experiment.state.value == "void"


def test_another_policy_is_scored_compared_and_shown(on_postgres: Run, house: House, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(default().text.replace("points = 15", "points = 14"), encoding="utf-8")
    assert on_postgres("replay", "--policy", policy, "--json").code == 0
    assert json.loads(on_postgres("verify", "--json").out)["ok"]
    assert len(house.definitions().policies) == 2
    candidate = house.definitions().policies[1].version
    assert on_postgres("policy", "activate", candidate, "--by", "Ada").code == 0
    assert house.definitions().active.version == candidate
    assert json.loads(on_postgres("verify", "--json").out)["ok"]


def test_without_a_log_nothing_comes_in(on_postgres: Run, tmp_path: Path) -> None:
    written(tmp_path, "\n".join(calls(3)))
    told = on_postgres("ingest", tmp_path / "calls.csv", "--mapping", mapping_in(tmp_path))
    assert (told.code, told.err.count("\n")) == (3, 1)
    assert "RESSENTI_KAFKA_BOOTSTRAP" in told.err


def test_a_folder_and_a_database_cannot_both_be_named(on_postgres: Run, folder: Path) -> None:
    told = on_postgres("report", "--data", folder)
    assert told.code == 3
    assert "leave one of them out" in told.err


def test_what_is_not_migrated_is_refused_with_the_remedy_and_then_migrated(
    postgres_bare: str, folder: Path, ran: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESSENTI_DATABASE_URL", postgres_bare)
    monkeypatch.setenv("RESSENTI_SECRET_FILE", str(folder / "pseudonym.key"))
    refused = ran("report")
    assert (refused.code, refused.out) == (3, "")
    assert "run `ressenti migrate`" in refused.err
    first, second = (json.loads(ran("migrate", "--json").out) for _ in range(2))
    assert first["before"] is None
    assert second["before"] == second["now"] == first["now"]
    assert "RESSENTI_KAFKA_BOOTSTRAP" in ran("report").err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "does not answer"),
        ("postgresql://a:secret-word@127.0.0.1/none", "RESSENTI_DATABASE_PASSWORD_FILE"),
        ("postgresql://a@127.0.0.1/none?password=secret-word", "RESSENTI_DATABASE_PASSWORD_FILE"),
        ("mysql://a@127.0.0.1/none", "RESSENTI_DATABASE_URL"),
        ("postgresql://a@127.0.0.1/none?sslmode=sometimes", "sslmode"),
    ],
)
def test_a_wrong_address_is_one_sentence_without_a_secret(
    ran: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, says: str
) -> None:
    monkeypatch.setenv("RESSENTI_DATABASE_URL", url)
    monkeypatch.setenv("RESSENTI_SECRET_FILE", str(tmp_path / "none"))
    told: Ran = ran("report")
    assert told.code in {3, 4}
    assert says in told.err
    assert "secret-word" not in told.err
    assert told.err.count("\n") == 1


def test_a_database_without_a_key_of_its_own_is_refused(
    postgres: str, ran: Run, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house.store.partition_count == 2
    monkeypatch.setenv("RESSENTI_DATABASE_URL", postgres)
    told = ran("report")
    assert told.code == 3
    assert "RESSENTI_SECRET_FILE" in told.err
