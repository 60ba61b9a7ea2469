"""The rule of both engines: chunks come in whatever state, somebody else writes the store too, one answer is right."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chunks import Chunk
from models.definitions import Timeline
from models.effects import Effects
from models.errors import Fenced, InvariantBroken, LogChanged, RowRefused, StoreBusy
from models.identifiers import DAY, Millis, Offset, Partition
from models.partitions import partition_of
from streams.continuity import whole
from streams.folding import Folding
from streams.keeper import HandOn
from tests.simulation.checks import cells, facts
from tests.simulation.events import POISON
from tests.simulation.log import MemoryLog
from tests.simulation.oracle import EVERYTHING, ideal
from tests.simulation.store import MemoryStore, Place
from tests.streams.events import SUBJECTS, T0, Pair, contact, definitions, event

PARTITIONS = 2
HOMES = {p: [s for s in SUBJECTS if partition_of(s.encode(), PARTITIONS) == p] for p in range(PARTITIONS)}
P0, P1 = Partition(0), Partition(1)


class Keeper(MemoryStore):
    """A store whose checkpoints are counted, and fail as they are told: before they are written, or after."""

    def __init__(self) -> None:
        super().__init__(PARTITIONS, definitions())
        self.written: list[list[tuple[int, int, int]]] = []
        self.away = False
        self.before: BaseException | None = None
        self.after: BaseException | None = None

    def standings(self) -> Mapping[Partition, Place]:
        if self.away:
            raise StoreBusy("the store is away")
        return super().standings()

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        error, self.before = self.before, None
        if error is not None:
            raise error
        super().checkpoint(effects, hand_on)
        self.written.append([(one.partition, one.start, one.end) for one in effects])
        error, self.after = self.after, None
        if error is not None:
            raise error


class Scene:
    """A log of ten contacts in each of two partitions, a store, and who folds."""

    def __init__(self) -> None:
        self.log = MemoryLog(PARTITIONS, lambda: Millis(T0 + DAY))
        self.log.append([pair for n in range(10) for pair in (told(0, n), told(1, n))])
        self.store = Keeper()
        self.folding = self.joined()

    def joined(self) -> Folding:
        """Return somebody who holds both partitions."""
        folding = Folding(self.store, PARTITIONS, self.hand_on)
        folding.hold([P0, P1])
        return folding

    def hand_on(self, forwards: Sequence[object]) -> None:
        raise AssertionError(f"nothing lies in the wrong partition here: {forwards}")

    def chunk(self, start: int, end: int, partition: Partition = P0) -> Chunk:
        records = [r for r in self.log.read(partition, Offset(0), EVERYTHING).records if start <= r.offset < end]
        return Chunk(partition, Offset(start), Offset(end), records)

    def stands(self) -> tuple[int, int]:
        return self.store.places[P0].next_offset, self.store.places[P1].next_offset

    def finish(self) -> None:
        """Fold everything that is left, and see that the store is as if nothing had ever gone wrong."""
        for partition, at in self.folding.hold([P0, P1]).items():
            self.folding.fold([self.log.read(partition, at, EVERYTHING)])
        expected = ideal(self.log, self.store)
        assert facts(self.store) == facts(expected)
        for partition in (P0, P1):
            assert self.store.places[partition].counters == expected.places[partition].counters
        assert cells(self.store) == cells(expected)


def told(partition: int, n: int) -> Pair:
    return contact(HOMES[partition][n % 3], T0 + n, f"c{n}", "ended", context_lost=bool(n % 2))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_reads_where_each_partition_stands(scene: Scene) -> None:
    assert scene.folding.hold([P1]) == {P1: 0}
    scene.folding.fold([scene.chunk(0, 4, P1)])
    assert scene.folding.wanted(P1) == 4
    assert scene.joined().wanted(P1) == 4
    assert scene.folding.held == {P0, P1}


def test_what_was_folded_already_is_dropped_without_a_word(scene: Scene) -> None:
    scene.folding.fold([scene.chunk(0, 6)])
    folded = scene.folding.fold([scene.chunk(0, 6), scene.chunk(2, 5)])
    assert (folded.effects, folded.seeks, scene.stands()) == ([], {}, (6, 0))
    scene.finish()


def test_what_begins_beyond_is_dropped_and_read_again_from_where_the_store_stands(scene: Scene) -> None:
    scene.folding.fold([scene.chunk(0, 3)])
    folded = scene.folding.fold([scene.chunk(5, 8)])
    assert (folded.effects, folded.seeks, scene.stands()) == ([], {P0: 3}, (3, 0))
    scene.finish()


def test_what_overlaps_is_cut(scene: Scene) -> None:
    scene.folding.fold([scene.chunk(0, 3)])
    folded = scene.folding.fold([scene.chunk(1, 6)])
    assert [(one.start, one.end, one.counters.received) for one in folded.effects] == [(3, 6, 3)]
    scene.finish()


def test_chunks_that_follow_each_other_are_one_checkpoint_for_all_partitions(scene: Scene) -> None:
    folded = scene.folding.fold([scene.chunk(0, 3), scene.chunk(0, 2, P1), scene.chunk(3, 5), scene.chunk(2, 9, P1)])
    assert scene.store.written == [[(0, 0, 5), (1, 0, 9)]]
    assert folded.offsets == 14
    scene.finish()


def test_what_is_written_together_adds_to_the_cells_once_in_the_lowest_partitions_name(scene: Scene) -> None:
    scene.folding.fold([scene.chunk(0, 3, P1)])
    assert len(scene.store.tables.cells[P0]) == 0, "whose partition does not move gets nothing"
    scene.folding.fold([scene.chunk(3, 10, P1), scene.chunk(0, 10)])
    (shared,), (alone, none) = (scene.store.tables.cells[partition] for partition in (P0, P1))
    assert (len(alone) > 0, len(none)) == (True, 0)
    apart = ideal(scene.log, scene.store)
    assert cells(scene.store) == cells(apart)
    assert len(shared) < sum(len(cells) for found in apart.tables.cells.values() for cells in found)


def test_what_is_beyond_does_not_keep_back_what_continues(scene: Scene) -> None:
    folded = scene.folding.fold([scene.chunk(0, 3), scene.chunk(5, 8), scene.chunk(3, 4), scene.chunk(0, 2, P1)])
    assert scene.store.written == [[(0, 0, 4), (1, 0, 2)]]
    assert folded.seeks == {P0: 4}
    scene.finish()


def test_when_one_partition_is_fenced_nothing_is_written_and_all_are_read_anew(scene: Scene) -> None:
    scene.joined().fold([scene.chunk(0, 2)])
    folded = scene.folding.fold([scene.chunk(0, 4), scene.chunk(0, 5, P1)])
    assert (folded.effects, folded.seeks, scene.stands()) == ([], {P0: 2, P1: 0}, (2, 0))
    assert scene.folding.fences == 1
    scene.finish()


def test_a_fence_brings_the_definitions_that_are_in_force_now(scene: Scene) -> None:
    changed = replace(scene.store.definitions, version=2)
    scene.store.define(changed)
    assert scene.folding.fold([scene.chunk(0, 4)]).seeks == {P0: 0}
    (effects,) = scene.folding.fold([scene.chunk(0, 4)]).effects
    assert (effects.epoch, scene.folding.fences) == (1, 1)
    scene.finish()


def test_definitions_that_change_while_they_are_read_are_fenced() -> None:
    """Read the other way round, the old ones would be used under an epoch that vouches for the new."""
    scene = Scene()

    class Changing(Keeper):
        def timelines(self) -> Mapping[Partition, Timeline]:
            found = super().timelines()
            self.define(replace(self.definitions, version=self.definitions.version + 1))
            return found

    scene.store = Changing()
    scene.folding = scene.joined()
    assert scene.folding.fold([scene.chunk(0, 4)]).effects == []
    assert scene.folding.fences == 1


def poisonous(scene: Scene, partition: int) -> int:
    """Append a record that the database refuses, and one after it; return the offset of the first."""
    text = {"instrument": "csat", "value": 1, "verbatim": POISON}
    (place,) = scene.log.append([event(HOMES[partition][0], "answer", T0, text, id="bad")])
    scene.log.append([told(partition, 99)])
    return place[1]


def test_what_the_database_refuses_costs_itself_and_not_the_other_partitions(scene: Scene) -> None:
    bad = poisonous(scene, 1)
    folded = scene.folding.fold([scene.chunk(0, 5), scene.chunk(0, bad + 2, P1)])
    assert scene.store.written[0] == [(0, 0, 5)], "the healthy partition is written in one piece"
    assert scene.store.written[1:] == [[(1, 0, 6)], [(1, 6, 9)], [(1, 9, 10)], [(1, 10, 11)], [(1, 11, 12)]]
    assert folded.offsets == 5 + bad + 2
    assert [(place, letter.code) for place, letter in scene.store.tables.dead_letters.items()] == [((1, bad), "poison")]
    assert scene.store.places[P1].counters.scored == bad + 1
    scene.finish()


def test_a_fence_among_refused_records_keeps_what_was_written_before(scene: Scene) -> None:
    bad = poisonous(scene, 0)
    heard: list[int] = []

    def interfere(effects: Sequence[Effects]) -> None:
        heard.extend(one.end for one in effects)
        if heard == [6, 9]:
            scene.store.define(scene.store.definitions)

    scene.folding.listen(interfere)
    folded = scene.folding.fold([scene.chunk(0, bad + 2)])
    assert ([one.end for one in folded.effects], folded.seeks) == ([6, 9], {P0: 9})
    assert heard == [6, 9]
    scene.finish()


@pytest.mark.parametrize("written", [True, False])
def test_after_a_failure_the_same_chunks_can_be_given_again(scene: Scene, written: bool) -> None:  # noqa: FBT001
    error = StoreBusy("the connection is gone, and nobody knows whether it was written")
    scene.store.before, scene.store.after = (None, error) if written else (error, None)
    chunks = [scene.chunk(0, 4), scene.chunk(0, 2, P1)]
    with pytest.raises(StoreBusy):
        scene.folding.fold(chunks)
    scene.store.away = True
    with pytest.raises(StoreBusy, match="away"):
        scene.folding.fold(chunks)
    scene.store.away = False
    folded = scene.folding.fold(chunks)
    assert len(folded.effects) == (0 if written else 2)
    assert (folded.seeks, scene.stands(), scene.folding.fences) == ({}, (4, 2), 0)
    scene.finish()


def test_what_was_fenced_while_the_store_is_away_is_read_anew_later(scene: Scene) -> None:
    scene.store.define(scene.store.definitions)
    scene.store.away = True
    with pytest.raises(StoreBusy):
        scene.folding.fold([scene.chunk(0, 4)])
    scene.store.away = False
    assert len(scene.folding.fold([scene.chunk(0, 4)]).effects) == 1
    scene.finish()


def test_nothing_is_folded_of_what_is_not_held(scene: Scene) -> None:
    scene.folding.release([P0])
    folded = scene.folding.fold([scene.chunk(0, 4), scene.chunk(6, 7), scene.chunk(0, 2, P1)])
    assert (folded.seeks, scene.stands()) == ({}, (0, 2))
    assert scene.folding.held == {P1}
    with pytest.raises(KeyError):
        scene.folding.wanted(P0)
    scene.finish()


def test_a_partition_the_store_has_not_is_refused(scene: Scene) -> None:
    with pytest.raises(LogChanged, match="partition 2: the store knows only 2 partitions"):
        scene.folding.hold([Partition(2)])


def test_a_log_that_jumps_back_is_refused(scene: Scene) -> None:
    with pytest.raises(LogChanged, match="jumped back from offset 7 to 2"):
        scene.folding.fold([Chunk(P0, Offset(7), Offset(2), [])])


def test_listeners_hear_of_each_checkpoint_and_of_nothing_else(scene: Scene) -> None:
    heard: list[int] = []
    scene.folding.listen(lambda effects: heard.append(len(effects)))
    scene.folding.fold([scene.chunk(0, 4), scene.chunk(0, 2, P1)])
    scene.store.before = Fenced("somebody else")
    scene.folding.fold([scene.chunk(4, 6)])
    scene.folding.fold([scene.chunk(0, 2)])
    assert heard == [2]


def test_holding_waits_for_a_fold_at_work(scene: Scene) -> None:
    """Else it would return a position that the fold is about to leave."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        go_on.wait(10)

    scene.folding.listen(slow)
    fold = threading.Thread(target=scene.folding.fold, args=([scene.chunk(0, 4)],))
    fold.start()
    assert begun.wait(10)
    found: list[Offset] = []
    hold = threading.Thread(target=lambda: found.extend(scene.folding.hold([P0]).values()))
    hold.start()
    hold.join(0.05)
    assert found == []
    go_on.set()
    fold.join(10)
    hold.join(10)
    assert found == [4]


def test_a_refusal_of_what_is_left_of_a_poisoned_record_is_not_hidden(scene: Scene) -> None:
    class Stubborn(Keeper):
        def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:  # noqa: ARG002
            raise RowRefused("whatever it is")

    scene.store = Stubborn()
    with pytest.raises(RowRefused):
        scene.joined().fold([scene.chunk(0, 4)])


def test_only_what_follows_is_made_one(scene: Scene) -> None:
    assert whole([scene.chunk(0, 3), scene.chunk(3, 3), scene.chunk(3, 5)]) == scene.chunk(0, 5)
    for stranger in (scene.chunk(4, 5), scene.chunk(3, 5, P1)):
        with pytest.raises(InvariantBroken, match="does not continue"):
            whole([scene.chunk(0, 3), stranger])


SPANS = st.tuples(st.integers(0, 10), st.integers(0, 10), st.sampled_from([P0, P1])).map(
    lambda drawn: (*sorted(drawn[:2]), drawn[2])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.lists(SPANS, max_size=4), st.booleans()), max_size=8))
def test_whatever_chunks_come_and_whoever_folds_them_the_store_is_right(
    rounds: list[tuple[int, list[tuple[int, int, Partition]], bool]],
) -> None:
    scene = Scene()
    folders = [scene.joined() for _ in range(3)]
    for who, spans, changed in rounds:
        if changed:
            scene.store.define(replace(scene.store.definitions, version=scene.store.definitions.version + 1))
        before = scene.stands()
        folded = folders[who].fold([scene.chunk(*span) for span in spans])
        assert scene.stands() >= before
        assert all(at == folders[who].wanted(partition) for partition, at in folded.seeks.items())
    scene.finish()


def test_one_culprit_among_many_costs_few_checkpoints() -> None:
    scene = Scene()
    scene.log.append([told(0, n) for n in range(10, 500)])
    poisonous(scene, 0)
    scene.log.append([told(0, n) for n in range(500, 1_000)])
    end = scene.log.end(P0)
    assert scene.folding.fold([scene.chunk(0, end)]).offsets == end
    assert len(scene.store.written) <= 2 * 10
    scene.finish()
