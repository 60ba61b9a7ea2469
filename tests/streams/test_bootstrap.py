"""The house: built from settings, it takes an event in at one end and shows its score at the other."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import instants
from models.errors import RefusedToStart
from models.identifiers import DAY, HOUR, Millis
from models.pseudonyms import pseudonym
from store.imports import ImportProgress
from streams.bootstrap import House, opened, retention_of
from streams.settings import Settings, read
from tests.streams.events import SUBJECTS, T0, event

NOW = Millis(T0 + 400 * DAY)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(data=tmp_path / "data", partitions=2, idle_seconds=0.01, due_tick_seconds=60)
    with opened(settings, clock=lambda: NOW) as made:
        yield made


def told(raw: str, number: int) -> bytes:
    data = {"contact": f"c{number}", "phase": "ended", "channel": "chat", "waits_s": [600], "outcome": "resolved"}
    body = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "pbx",
        "type": "ressenti.contact",
        "time": instants.render(NOW),
        "subject": raw,
        "data": data,
    }
    return json.dumps(body).encode()


def test_an_accepted_event_is_a_score_soon_after(house: House) -> None:
    with house.running():
        assert house.ready
        assert [v.status for v in house.collector.collect([told("anne", 1)], "pbx")] == ["accepted"]
        until = time.monotonic() + 10
        while not house.store.partitions.counters().scored and time.monotonic() < until:
            time.sleep(0.005)
    row = house.store.customers.row(pseudonym("anne", house.key))
    assert row is not None
    assert row.score is not None
    assert "channel:chat" in house.store.cells.scopes(house.definitions().active.version)
    assert not house.ready


def test_every_tick_runs_without_harm_on_an_empty_and_on_a_used_house(house: House) -> None:
    with house.leading():
        house.ticking.once()
        house.collector.collect([told("anne", n) for n in range(5)], "pbx")
        house.settle()
        house.ticking.once()
    assert {name: beat.last_error for name, beat in house.ticking.beats.items()} == dict.fromkeys(house.ticking.beats)
    assert {"due", "rescues", "gaps", "experiments", "retention"} <= house.ticking.beats.keys()


def test_imports_declare_what_they_bring_and_settle(house: House) -> None:
    promise = {"promise": "p", "due": instants.render(T0 + DAY), "touchpoint": "delivery", "segment": {"plan": "gold"}}
    pair = event(SUBJECTS[0], "promise", T0, promise, history=True)
    with house.leading():
        house.imports.append_import([pair], ImportProgress("digest", "mapping", "file.csv", row=1, done=True))
        assert house.settle() == 2, "the event, and the silence after it"
    scopes = house.definitions().scopes
    assert set(scopes.touchpoints) == {"delivery"}
    assert set(scopes.segments) == {("plan", "gold")}
    assert house.store.customers.due(NOW) == []
    assert house.store.imports.find("digest", "mapping") is not None


def test_only_one_process_folds_a_folder(house: House) -> None:
    with opened(house.settings, clock=lambda: NOW) as other, house.leading():
        with pytest.raises(RefusedToStart, match="another engine"), other.leading():
            pass
        assert [v.status for v in other.collector.collect([told("bob", 1)], "pbx")] == ["accepted"]


def test_outgoing_messages_are_kept_only_where_somebody_listens(tmp_path: Path) -> None:
    listening = Settings(data=tmp_path / "data", partitions=2, webhook_url="http://127.0.0.1:9/hook")
    with opened(listening, clock=lambda: NOW) as house, house.leading():
        assert "outbox" in house.ticking.beats
        house.collector.collect([told("anne", 1)], "pbx")
        house.settle()
        assert house.store.outbox.unsent() != []


def test_retention_is_what_the_settings_say() -> None:
    days = {"RESSENTI_LOG_RETENTION_DAYS": "3", "RESSENTI_DEAD_LETTER_RETENTION_DAYS": "4"}
    rules = retention_of(read({**days, "RESSENTI_FIVE_MINUTE_RETENTION_HOURS": "5"}))
    assert (rules.log, rules.dead_letters, rules.five_minutes) == (3 * DAY, 4 * DAY, 5 * HOUR)
    with pytest.raises(RefusedToStart, match="RESSENTI_DEAD_LETTER_RETENTION_DAYS"):
        read({"RESSENTI_DEAD_LETTER_RETENTION_DAYS": "31"})
