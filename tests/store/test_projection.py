"""The projection is equal for equal folds, whatever way they were written, and says where others differ."""

from dataclasses import replace
from pathlib import Path

from models.cells import CellKey
from models.customers import pack, unpack
from models.effects import Effects, RescueRow
from models.identifiers import Millis, Offset
from store.database import Store
from tests.store import samples

WHO, OTHER = samples.subject(1), samples.subject(2)


def test_the_same_customers_in_other_partitions_and_chunks_project_the_same(tmp_path: Path) -> None:
    with Store.open(tmp_path / "one") as one, Store.open(tmp_path / "other", partitions=1) as other:
        one.checkpoint([samples.full(WHO), samples.full(OTHER)])
        other.checkpoint(samples.full(OTHER, count=1))
        second = replace(samples.full(WHO, start=5, count=1))
        second.verbatims = samples.full(WHO).verbatims
        other.checkpoint(second)
        assert one.projection().differences(other.projection()) == []
        assert one.projection().digest() == other.projection().digest()


def test_everything_the_fold_writes_is_in_it(store: Store) -> None:
    empty = store.projection().tables
    store.checkpoint(samples.full(WHO))
    full = store.projection().tables
    assert {name for name in full if full[name] != empty[name]} == {
        "customers",
        "journeys",
        "archived",
        "cells",
        "rescues",
        "units",
        "verbatims",
        "dead_letters",
        "counters",
    }


def test_what_people_write_and_messages_are_not_in_it(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    before = store.projection()
    store.rescues.take(WHO, "j", "Ada", Millis(9))
    store.dead_letters.mark_replayed([(samples.home(WHO), Offset(1))], Millis(9))
    store.outbox.mark_sent(store.outbox.unsent(), Millis(9))
    store.settings.set("colour", "blue", Millis(9))
    assert store.projection() == before


def test_a_difference_is_told_by_table_row_and_column(tmp_path: Path) -> None:
    with Store.open(tmp_path / "one") as one, Store.open(tmp_path / "other") as other:
        one.checkpoint([samples.full(WHO), samples.full(OTHER)])
        changed = samples.full(WHO)
        row = changed.customers[WHO]
        state = unpack(row.state)
        state.clock = Millis(state.clock + 1)
        changed.customers[WHO] = replace(row, state=pack(state))
        changed.rescues[WHO, "k"] = samples.rescue(WHO, "k")
        other.checkpoint(changed)
        told = one.projection().differences(other.projection(), limit=99)
    assert f"customers {WHO}: clock is {samples.T0} in the first, {samples.T0 + 1} in the second" in told
    assert f"customers {OTHER}: only in the first" in told
    assert f"rescues {WHO}/k: only in the second" in told
    assert any(sentence.startswith("cells p@1/all/hour/") and "contact.n is 2" in sentence for sentence in told)


def test_only_so_many_differences_are_told_and_long_values_are_cut(tmp_path: Path) -> None:
    with Store.open(tmp_path / "one") as one, Store.open(tmp_path / "other") as other:
        one.checkpoint(samples.full(WHO))
        changed = samples.full(WHO)
        facts = [samples.fact(samples.T0 + n) for n in range(50)]
        changed.customers[WHO] = samples.customer(WHO, [samples.contribution()], facts)
        other.checkpoint(changed)
        told = one.projection().differences(other.projection())
        assert any("facts is" in sentence and "…" in sentence for sentence in told)
        assert max(map(len, told)) < 500
        assert len(one.projection().differences(other.projection(), limit=1)) == 1


def test_five_minute_cells_beyond_their_retention_do_not_count(store: Store) -> None:
    effects = Effects(
        samples.home(WHO), Offset(0), Offset(1), store.partitions.position(samples.home(WHO)).epoch, samples.T0
    )
    young, old = Millis(samples.T0 - 48 * samples.HOUR), Millis(samples.T0 - 48 * samples.HOUR - 300_000)
    for at in (young, old):
        effects.cells[CellKey("p@1", "all", "5m", at, -1)] = {"contact.n": 1}
    store.checkpoint(effects)
    before = store.projection()
    assert list(before.tables["cells"]) == [f"p@1/all/5m/{young}/-1"]
    assert store.prune()["cells"] == 1
    assert store.projection() == before


def test_equal_dead_letters_are_each_counted(store: Store) -> None:
    effects = samples.full(WHO)
    effects.dead_letters = [samples.letter(1, WHO), samples.letter(2, WHO)]
    store.checkpoint(effects)
    assert len(store.projection().tables["dead_letters"]) == 2


def test_the_fields_of_a_rescue_that_the_fold_writes_are_compared(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    [row] = store.projection().tables["rescues"].values()
    assert set(row) == set(RescueRow.__dataclass_fields__)
