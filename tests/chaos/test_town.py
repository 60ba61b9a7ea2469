"""The load: events that the store must take, however long a campaign lasts."""

import json
from itertools import islice

import pytest

from models import instants
from models.identifiers import Millis
from store.database import system_clock
from tests.chaos import town
from tests.chaos.ledger import identity_of


def test_events_never_run_out_never_repeat_and_never_lie_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town, "DAYS", 5)
    monkeypatch.setattr(town, "CUSTOMERS", 100)
    values = [value for _, value in islice(town.company(7), 400)]
    times = [instants.parse(json.loads(value)["time"]) for value in values]
    assert max(times) < system_clock()
    assert len({identity_of(value) for value in values}) == len(values)
    assert times != sorted(times), "one company must have been followed by another"


def test_a_seed_means_the_same_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town, "system_clock", lambda: Millis(1_790_000_000_000))
    first, second, other = (list(islice(town.company(seed), 50)) for seed in (7, 7, 8))
    assert first == second != other
