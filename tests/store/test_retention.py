"""Each thing is kept as long as it says, and what is not folded is never let go."""

from dataclasses import replace

from models.effects import ArchivedJourney, Effects, OutboxMessage
from models.identifiers import DAY, Millis, Offset
from store.database import Store
from store.retention import Retention
from tests.store import samples
from tests.store.conftest import Clock

WHO = samples.subject(1)
HERE = samples.home(WHO)


def archived(ended: int) -> ArchivedJourney:
    return ArchivedJourney(WHO, f"@{ended}", Millis(ended), b"", b"")


def test_old_rows_go_and_young_ones_stay(store: Store, clock: Clock) -> None:
    effects = samples.full(WHO)
    effects.archived = [archived(clock.now - 396 * DAY - 1), archived(clock.now - 396 * DAY)]
    effects.outbox = [OutboxMessage(Offset(n), 0, "scores", "k", b"") for n in range(3)]
    store.checkpoint(effects)
    old, young, _ = store.outbox.unsent()
    store.outbox.mark_sent([old], Millis(clock.now - 7 * DAY - 1))
    store.outbox.mark_sent([young], Millis(clock.now - 7 * DAY))
    assert store.prune() == {"cells": 2, "records": 0, "dead_letters": 0, "archived": 1, "outbox": 1}
    assert [row.ended for row in store.archive.of(WHO)] == [clock.now - 396 * DAY]
    assert len(store.outbox.unsent()) == 1


def test_raw_events_go_after_thirty_days_whatever_is_asked_but_only_once_folded(
    sqlite_store: Store, clock: Clock
) -> None:
    store = sqlite_store
    store.log.append([(WHO.encode(), b"1")] * 6)
    position = store.partitions.position(HERE)
    store.checkpoint(Effects(HERE, Offset(0), Offset(4), position.epoch, Millis(clock.now)))
    clock.now += 30 * DAY
    generous = Retention(log=Millis(999 * DAY))
    assert store.prune(generous)["records"] == 0
    clock.now += 1
    assert store.prune(generous)["records"] == 4
    assert [record.offset for record in store.log.read(HERE, Offset(0), 9).records] == [4, 5]


def test_dead_letters_go_after_thirty_days_whatever_is_asked_and_sooner_when_asked(store: Store, clock: Clock) -> None:
    effects = samples.full(WHO)
    effects.dead_letters = [replace(samples.letter(n, None), log_time=Millis(clock.now - n * DAY)) for n in range(3)]
    store.checkpoint(effects)
    assert store.prune(Retention(dead_letters=Millis(DAY)))["dead_letters"] == 1
    clock.now += 29 * DAY
    generous = Retention(dead_letters=Millis(999 * DAY))
    assert store.prune(generous)["dead_letters"] == 0
    clock.now += 1
    assert store.prune(generous)["dead_letters"] == 1
    assert [kept.letter.offset for kept in store.dead_letters.recent()] == [0]
