"""Every check notices what it is there for: a store that holds, and one thing in it changed by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.identifiers import Partition, Subject
from tests.simulation.checks import Check, findings
from tests.simulation.running import quiet
from tests.simulation.schedule import drawn
from tests.simulation.world import World

SEED = 3


@pytest.fixture
def world() -> World:
    made = World(drawn(SEED))
    with quiet():
        made.run()
    assert findings(made) == []
    return made


def count_one_more(world: World) -> None:
    place = world.store.places[Partition(0)]
    world.store.places[Partition(0)] = replace(place, counters=replace(place.counters, scored=10_000))


def count_another_way(world: World) -> None:
    place = world.store.places[Partition(0)]
    counters = replace(place.counters, late=place.counters.late + 1)
    world.store.places[Partition(0)] = replace(place, counters=counters)


def lose_a_customer(world: World) -> None:
    world.store.tables.customers.popitem()


def bring_one_back(world: World) -> None:
    (partition, _), row = world.store.tables.customers.popitem()
    world.store.tables.customers[partition, Subject("somebody else")] = row


def add_twice(world: World) -> None:
    added = world.store.tables.cells[Partition(1)]
    added.append(next(part for part in added if len(part)))


def lose_a_journey(world: World) -> None:
    world.store.tables.journeys.popitem()


def tell_nobody(world: World) -> None:
    (_, subject), key = next(iter(world.store.tables.journeys))
    outbox = world.store.tables.outbox
    for place in [place for place, message in outbox.items() if message.key == f"{subject}/{key}"]:
        del outbox[place]


def stop(world: World) -> None:
    world.stuck = True


@pytest.mark.parametrize(
    ("tampered", "check"),
    [
        (count_one_more, "unaccounted"),
        (count_another_way, "miscounted"),
        (lose_a_customer, "lost"),
        (bring_one_back, "resurrected"),
        (add_twice, "cells"),
        (lose_a_journey, "content"),
        (tell_nobody, "outbox"),
        (stop, "stuck"),
    ],
)
def test_a_check_notices(tampered: Callable[[World], None], check: Check, world: World) -> None:
    tampered(world)
    assert check in {finding.check for finding in findings(world)}
