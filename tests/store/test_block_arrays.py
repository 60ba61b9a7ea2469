"""Cells decoded side by side are what they are one by one."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.measures import NAMES, Coded, coded, packed
from store.block_arrays import CHUNK, WIDTH, cells_of
from store.measures import pack, slots_of, unpack

EDGES = [
    edge + step for power in (5, 7, 8, 15, 16, 31, 32, 62) for edge in (2**power, -(2**power)) for step in (-1, 0, 1)
]
values = st.one_of(st.integers(-40, 40), st.sampled_from(EDGES), st.integers(10 - 2**63, 2**63 - 10)).filter(bool)
numbered = st.sampled_from(range(WIDTH))
unheard_of = st.one_of(st.text(min_size=1, max_size=5), st.text("ab", min_size=30, max_size=300)).filter(
    lambda name: name not in NAMES
)
keys = st.one_of(numbered, numbered, st.sampled_from(NAMES), unheard_of)
cells = st.dictionaries(keys, values, min_size=1, max_size=40)
blocks = st.lists(st.dictionaries(st.integers(0, 32), cells, max_size=5), max_size=5)


def one_by_one(block: dict[int, Coded]) -> dict[int, dict[str, int]]:
    """Return the counts by name, zeros left out: what ``named`` says, without its order."""
    found: dict[int, dict[str, int]] = {}
    for slot, counts in block.items():
        into = found.setdefault(slot, {})
        for key, value in counts.items():
            name = key if isinstance(key, str) else NAMES[key]
            into[name] = into.get(name, 0) + value
    return {slot: {name: value for name, value in counts.items() if value} for slot, counts in found.items()}


def side_by_side(written: list[bytes]) -> list[dict[int, dict[str, int]]]:
    found: list[dict[int, dict[str, int]]] = [{} for _ in written]
    for some in cells_of(enumerate(map(slots_of, written))):
        for cell, (block, slot) in enumerate(zip(some.block.tolist(), some.slot.tolist(), strict=True)):
            row = some.counts[cell].tolist()
            found[block][slot] = {NAMES[number]: value for number, value in enumerate(row) if value}
        for cell, counts in some.unnumbered:
            found[some.block[cell]][int(some.slot[cell])] |= counts
    return found


@given(blocks)
@example([{0: dict.fromkeys(range(WIDTH), 1)}])
@example([{0: {"a" * 300: 5, 0: 2, WIDTH - 1: 3}, 1: {0: -1}}])
@settings(max_examples=50, deadline=None)
def test_what_is_decoded_side_by_side_is_what_was_packed(made: list[dict[int, Coded]]) -> None:
    fit = [{slot: _fitting(counts) for slot, counts in block.items()} for block in made]
    assert side_by_side([pack(block) for block in fit]) == [one_by_one(block) for block in fit]


def _fitting(counts: Coded) -> Coded:
    """Return ``counts`` without large values under the names of measures whose number may be there too."""
    large = {key for key, value in counts.items() if isinstance(key, str) and key in NAMES and abs(value) >= 9}
    return {key: value for key, value in counts.items() if key not in large}


def test_more_cells_than_are_decoded_at_once_keep_their_order() -> None:
    block = {slot: coded({"contact.n": slot + 1, "contact.gap": -slot - 1}) for slot in range(33)}
    written = [pack({slot: counts}) if n % 7 else pack(block) for n, (slot, counts) in enumerate([*block.items()] * 40)]
    assert len(written) * 5 > CHUNK
    assert side_by_side(written) == [one_by_one(unpack(data)) for data in written]


def test_nothing_gives_nothing() -> None:
    assert list(cells_of([])) == []
    assert list(cells_of([(0, {}), (1, {})])) == []


def test_a_number_that_only_a_later_program_knows_is_passed_over() -> None:
    (some,) = cells_of([(0, {3: packed({0: 2, WIDTH: 5, WIDTH + 200: 6, 70_000: 7})})])
    assert some.counts[0].nonzero()[0].tolist() == [0]
    assert some.unnumbered == []
