"""The store in memory with a real one beside it: everything is asked of both, and both must say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from models.definitions import Definitions, Timeline
from models.effects import Effects, Forward
from models.errors import Fenced
from models.identifiers import Millis, Partition, Subject
from models.policy import default
from store.database import Store
from streams.keeper import HandOn, StoreKeeper
from streams.rows import Found, Wanted
from tests.simulation.store import MemoryStore
from tests.streams.events import SCOPES, T0, experiment, strict

NOW: Millis = Millis(T0)


class MirroredStore(MemoryStore):
    """Writes everything to ``real`` as well, under the real one's epochs and definitions."""

    def __init__(self, real: Store, *, measured: bool) -> None:
        prepare(real, measured=measured)
        super().__init__(real.partition_count, _current(real))
        self.real = real
        self._keeper = StoreKeeper(real)
        for partition, place in self.places.items():
            self.places[partition] = replace(place, epoch=real.partitions.position(partition).epoch)

    def load(self, wanted: Wanted) -> Found:
        found = super().load(wanted)
        assert self._keeper.load(wanted) == found
        return found

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        try:
            super().checkpoint(effects, hand_on)
        except Fenced:
            with pytest.raises(Fenced):
                self._keeper.checkpoint(effects, _handed_on)
            raise
        self._keeper.checkpoint(effects, _handed_on)
        self._check_same()

    def define(self, definitions: Definitions) -> None:
        """Change something real: scopes as asked, or else which policies are in force and which comes first."""
        versions, before = self.real.definitions, self.definitions
        if definitions.scopes != before.scopes:
            versions.declare(definitions.scopes, "test", NOW)
        elif len(before.policies) == 1:
            versions.add_policy(strict(), "test", NOW)
        else:
            versions.activate_policy(before.policies[1].version, "test", NOW)
        super().define(_current(self.real))
        self._check_same()

    def erase(self, subject: Subject) -> None:
        super().erase(subject)
        self.real.erase(subject, "test")
        self._check_same()

    def _check_same(self) -> None:
        positions = self._keeper.standings()
        real = {p: (at.next_offset, at.epoch, at.watermark) for p, at in positions.items()}
        assert real == {p: (at.next_offset, at.epoch, at.watermark) for p, at in self.places.items()}
        assert _told(self._keeper.timelines()) == _told(self.timelines())


def prepare(real: Store, *, measured: bool) -> None:
    """Put in force in a new store what the simulated world begins with."""
    real.definitions.declare(SCOPES, "test", NOW)
    if measured:
        real.definitions.run_experiments([experiment(default().version)], "test", NOW)


def _current(real: Store) -> Definitions:
    return replace(real.definitions.current(), erased=frozenset())


def _told(timelines: Mapping[Partition, Timeline]) -> dict[Partition, list[object]]:
    return {
        partition: [
            (first, one.version, [p.version for p in one.policies], one.erased) for first, one in timeline.steps
        ]
        for partition, timeline in timelines.items()
    }


def _handed_on(_: Sequence[Forward]) -> None:
    """Hand nothing on a second time."""
