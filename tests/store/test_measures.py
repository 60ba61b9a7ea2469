"""Packed counts lose nothing, and what is written stays readable."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from models.cells import add
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
    assert total(pack(coded(part)) for part in parts) == dict(sorted(expected.items()))


@given(counts, counts)
def test_adding_packed_counts_is_adding_counts(one: dict[str, int], other: dict[str, int]) -> None:
    expected = dict(one)
    add(expected, other)
    held = plus(pack(coded(one)), pack(coded(other)))
    assert 0 not in unpack(held).values()
    assert (held == NOTHING) == (unpack(held) == {})
    assert total([held]) == dict(sorted((name, n) for name, n in expected.items() if n))


def test_a_measure_that_got_its_number_later_is_one_measure() -> None:
    old, new = pack({"contact.n": 2}), pack({0: 3})
    assert total([old, new]) == {"contact.n": 5}
    assert total([pack({"contact.n": -3}), new]) == {}
