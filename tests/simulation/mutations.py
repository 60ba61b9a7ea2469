"""Rules broken on purpose, one at a time: some schedule must notice each, or the simulation proves nothing."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from unittest.mock import patch

from models.chunks import Chunk
from models.effects import Effects, Forward
from models.errors import Fenced
from models.identifiers import Offset, Partition
from streams import folding
from streams.continuity import NotNext, continuing
from streams.folding import Folding, Held
from streams.keeper import HandOn
from tests.simulation.checks import Check
from tests.simulation.store import MemoryStore, Place
from tests.simulation.troubles import TroubledKeeper
from tests.simulation.workers import PushedWorker

Broken = AbstractContextManager[object]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A rule broken on purpose, and the checks of which at least one must notice it."""

    breaks: Callable[[], Broken]
    noticed: frozenset[Check]


def no_rule_1() -> Broken:
    """Fold again what was folded already: drop nothing as old, cut nothing off."""

    def careless(chunk: Chunk, wanted: Offset) -> Chunk | None:
        if chunk.start < wanted:
            return Chunk(chunk.partition, wanted, Offset(max(chunk.end, wanted)), chunk.records)
        return continuing(chunk, wanted)

    return patch.object(folding, "continuing", careless)


def no_rule_2() -> Broken:
    """Fold what begins beyond the position as if it continued."""

    def careless(chunk: Chunk, wanted: Offset) -> Chunk | None:
        try:
            return continuing(chunk, wanted)
        except NotNext:
            return Chunk(chunk.partition, wanted, chunk.end, chunk.records)

    return patch.object(folding, "continuing", careless)


def no_rule_4() -> Broken:
    """Note a fence, and read nothing anew."""

    def careless(self: Folding, partitions: Collection[Partition], fenced: Fenced) -> None:  # noqa: ARG001
        self.fences += 1

    return patch.object(Folding, "_fence", careless)


def old_definitions_after_a_fence() -> Broken:
    """Read position and epoch anew after a fence, but not what is in force."""
    reading = Folding._read

    def careless(self: Folding, partitions: Collection[Partition]) -> None:
        before = dict(self._held)
        reading(self, partitions)
        for partition in before.keys() & set(partitions):
            now = self._held[partition]
            kept = before[partition].timeline
            self._held[partition] = Held(now.next_offset, now.epoch, now.watermark, kept)

    return patch.object(Folding, "_read", careless)


def definitions_before_positions() -> Broken:
    """Read what is in force before the epoch that vouches for it."""

    def careless(self: Folding, partitions: Collection[Partition]) -> None:
        timelines = self._keeper.timelines()
        standings = self._keeper.standings()
        for partition in partitions:
            at = standings[partition]
            self._held[partition] = Held(at.next_offset, at.epoch, at.watermark, timelines[partition])
            self._doubtful.discard(partition)

    return patch.object(Folding, "_read", careless)


def no_epoch_in_the_fence() -> Broken:
    """Let a checkpoint ask only whether the partition stands where its chunk begins."""

    def careless(place: Place, effects: Effects) -> bool:
        return place.next_offset == effects.start

    return patch.object(MemoryStore, "stands", staticmethod(careless))


def no_offset_in_the_fence() -> Broken:
    """Let a checkpoint ask only for the epoch: whoever read it may write."""

    def careless(place: Place, effects: Effects) -> bool:
        return place.epoch == effects.epoch

    return patch.object(MemoryStore, "stands", staticmethod(careless))


def forwards_after_the_commit() -> Broken:
    """Hand on what lies in the wrong partition when the checkpoint is written already."""

    def careless(self: TroubledKeeper, effects: Sequence[Effects], hand_on: HandOn) -> None:
        forwards: list[Forward] = []
        self._moment("checkpoint")
        self._inner.checkpoint(effects, forwards.extend)
        self._moment("committed")
        hand_on(forwards)

    return patch.object(TroubledKeeper, "checkpoint", careless)


def no_reconciler() -> Broken:
    """Let nobody notice that chunks have vanished."""
    return patch.object(PushedWorker, "reconcile", lambda _: "sees nothing")


def _noticed(breaks: Callable[[], Broken], *by: Check) -> tuple[str, Mutation]:
    return breaks.__name__, Mutation(breaks, frozenset(by))


MUTATIONS: dict[str, Mutation] = dict(
    [
        # Facts are deduplicated, so that only counters show what was folded twice.
        _noticed(no_rule_1, "miscounted"),
        _noticed(no_rule_2, "lost"),
        _noticed(no_rule_4, "stuck"),
        _noticed(old_definitions_after_a_fence, "content"),
        _noticed(definitions_before_positions, "content"),
        _noticed(no_epoch_in_the_fence, "resurrected"),
        _noticed(no_offset_in_the_fence, "miscounted"),
        _noticed(forwards_after_the_commit, "lost"),
        _noticed(no_reconciler, "stuck"),
    ]
)
