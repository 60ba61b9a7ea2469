"""Packed counts lose nothing, and what is written stays readable."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from models.cells import Counts, add
from models.measures import named, packed
from models.scoring.contributions import CONTACT, CUSTOMER, JOURNEY, Keys
from store.measures import NAMES, NOTHING, coded, pack, plus, total, unpack

FROZEN = 123
names = st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=9))
counts = st.dictionaries(names, st.integers(-(2**62), 2**62), max_size=8)


def test_numbers_that_cells_were_written_with_never_change() -> None:
    digest = hashlib.sha256(" ".join(NAMES[:FROZEN]).encode()).hexdigest()
    assert digest == "884bdd8b048da9499fbb916ce450ade6f16d0448cd0d88d625ed529d7274ff2b", (
        "names may only be added at the end"
    )
    assert len(set(NAMES)) == len(NAMES)


def test_every_measure_the_fold_counts_has_a_number() -> None:
    def of(keys: Keys) -> set[str]:
        plain = {getattr(keys, slot) for slot in Keys.__slots__ if slot not in {"loss", "observed"}}
        return plain | set(keys.loss.values())

    missing = (of(CONTACT) | of(JOURNEY) | of(CUSTOMER) | set(CONTACT.observed.values())) - set(NAMES)
    assert missing == set()


@given(st.lists(counts, max_size=5))
def test_packed_sums_are_plain_sums(parts: list[dict[str, int]]) -> None:
    expected: dict[str, int] = {}
    for part in parts:
        add(expected, part)
    packed = unpack(pack({place: coded(part) for place, part in enumerate(parts)}))
    assert total(packed.values()) == dict(sorted(expected.items()))


blocks = st.dictionaries(st.integers(0, 40), counts, max_size=4)


@given(blocks, blocks)
def test_adding_to_a_packed_block_is_adding_cell_by_cell(one: dict[int, Counts], other: dict[int, Counts]) -> None:
    expected = {place: dict(one.get(place, {})) for place in one.keys() | other.keys()}
    for place, more in other.items():
        add(expected[place], more)
    wanted = {place: sums for place, found in expected.items() if (sums := {k: n for k, n in found.items() if n})}
    held = plus(
        pack({place: found for place, more in one.items() if (found := coded(more))}),
        pack({place: packed(found) for place, more in other.items() if (found := coded(more))}),
    )
    assert {place: named(found) for place, found in unpack(held).items()} == wanted
    assert all(0 not in found.values() for found in unpack(held).values())
    assert (held == NOTHING) == (not wanted)


def test_a_measure_that_got_its_number_later_is_one_measure() -> None:
    old, new = unpack(pack({3: {"contact.n": 2}}))[3], unpack(pack({3: {0: 3}}))[3]
    assert total([old, new]) == {"contact.n": 5}
    assert total([unpack(pack({0: {"contact.n": -3}}))[0], new]) == {}
