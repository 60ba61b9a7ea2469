"""Blocks hold cells exactly as a dictionary of cells would, wherever a cell lies within its block."""

from hypothesis import given
from hypothesis import strategies as st

from models.blocks import BLOCK, Blocks, block_start, cell_at, pack, slot_of, summed
from models.cells import GROUPS, SPAN, CellKey, Counts, Grain, add
from models.identifiers import Millis

grains: st.SearchStrategy[Grain] = st.sampled_from(["5m", "hour", "day"])
groups = st.integers(-1, GROUPS - 1)


@st.composite
def cell_keys(draw: st.DrawFn) -> CellKey:
    grain = draw(grains)
    bucket = Millis(draw(st.integers(0, 600)) * SPAN[grain])
    return CellKey(draw(st.sampled_from("pq")), draw(st.sampled_from(["all", "x"])), grain, bucket, draw(groups))


counts = st.dictionaries(
    st.sampled_from(["contact.n", "journey.f", "unheard_of"]), st.integers(-9, 9).filter(bool), min_size=1
)
cells = st.dictionaries(cell_keys(), counts, max_size=12)


@given(grains, st.integers(0, 10_000), groups)
def test_a_cells_place_in_its_block_is_its_own(grain: Grain, number: int, group: int) -> None:
    bucket = Millis(number * SPAN[grain])
    start = block_start(grain, bucket)
    assert start <= bucket < start + BLOCK[grain]
    assert cell_at(grain, start, slot_of(grain, bucket, group)) == (bucket, group)


@given(cells)
def test_blocks_are_the_mapping_they_were_made_of(made: dict[CellKey, Counts]) -> None:
    blocks = Blocks(made)
    assert dict(blocks) == made
    assert len(blocks) == len(made)
    for key in list(made):
        del blocks[key]
        assert key not in blocks
    assert dict(blocks) == {}


@given(cells)
def test_packed_blocks_hold_the_same_cells(made: dict[CellKey, Counts]) -> None:
    blocks = Blocks.of_packed(Blocks(made).packed())
    assert blocks.packed() == Blocks(made).packed()
    assert dict(blocks) == made
    assert blocks.packed() == Blocks(made).packed()
    for key in made:
        del blocks[key]
    assert not any(slots != pack({}) for row in blocks.packed().values() for slots in row.values())


@given(st.lists(cells, max_size=4))
def test_a_sum_of_blocks_is_the_sum_of_their_cells(parts: list[dict[CellKey, Counts]]) -> None:
    expected: dict[CellKey, Counts] = {}
    for part in parts:
        for key, more in part.items():
            add(expected.setdefault(key, {}), more)
    before = [Blocks(part) for part in parts]
    assert dict(summed(before)) == {key: found for key, found in expected.items() if found}
    assert [dict(part) for part in before] == parts
