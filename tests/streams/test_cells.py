"""Differences to cells are the plain sum of contributions over scopes, spans and groups, however they are grouped."""

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.blocks import Blocks
from models.cells import CellKey, Contribution, Counts, add, bucket_of
from models.identifiers import HOUR, Millis
from models.measures import NAMES, packed, unpacked
from streams import cells
from streams.cells import CellDifferences, Change
from streams.packing import SINGLE, packed_blocks

values = st.one_of(
    st.integers(-40, 300),
    st.sampled_from([e + d for e in (-(2**31), -(2**15), -128, -32, 0, 127, 255, 2**16, 2**32) for d in (-1, 0, 1)]),
    st.integers(-(2**63), 2**63 - 1),
)
contributions = st.builds(
    Contribution,
    st.sampled_from("pq"),
    st.lists(st.sampled_from(["all", "channel:chat", "source:pbx"]), min_size=1, unique=True).map(tuple),
    st.integers(0, 80).map(lambda n: Millis(n * HOUR // 4)),
    st.booleans(),
    st.dictionaries(
        st.sampled_from([*NAMES[:20], "unheard_of"]) | st.sampled_from(NAMES),
        st.integers(-(10**9), 10**12),
        max_size=20,
    ),
)
found = st.lists(st.tuples(contributions, st.sampled_from([1, 1, -1]), st.integers(0, 31)), max_size=12)


def plainly(changes: list[tuple[Contribution, int, int]]) -> dict[CellKey, Counts]:
    sums: dict[CellKey, Counts] = {}
    for one, sign, group in changes:
        for scope in one.scopes:
            keys = [CellKey(one.policy, scope, "day", bucket_of(one.at, "day"), group)]
            keys.append(CellKey(one.policy, scope, "hour", bucket_of(one.at, "hour"), -1))
            if one.live:
                keys.append(CellKey(one.policy, scope, "5m", bucket_of(one.at, "5m"), -1))
            for key in keys:
                add(sums.setdefault(key, {}), one.counts, sign)
    return {key: counts for key, counts in sums.items() if counts}


@pytest.mark.parametrize("few", [0, cells.FEW])
@given(changes=found)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_differences_are_plain_sums(few: int, changes: list[tuple[Contribution, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "FEW", few)  # both ways of adding up, however few there are
        expanded = expansion(changes)
    assert dict(Blocks.of_packed(expanded.packed())) == plainly(changes)
    assert dict(expanded) == plainly(changes)
    for scopes in expanded.rows.values():
        for slots in scopes.values():
            assert all(bytes(counts) == bytes(packed(unpacked(counts))) for counts in slots.values())


def expansion(changes: list[tuple[Contribution, int, int]]) -> Blocks:
    differences = CellDifferences()
    for one, sign, group in changes:
        alone: list[Change] = [(one, sign)]
        differences.gather(alone, group)
    return differences.expanded()


blocks = st.lists(
    st.dictionaries(
        st.integers(0, SINGLE - 1),
        st.dictionaries(st.integers(0, SINGLE - 1), values, min_size=1, max_size=SINGLE),
        min_size=1,
        max_size=20,
    ),
    max_size=4,
)


@given(blocks)
def test_blocks_packed_at_once_are_those_packed_one_by_one(made: list[dict[int, dict[int, int]]]) -> None:
    maps = [row for block in made for row in block.values()]
    slots = np.array([slot for block in made for slot in block], np.int64)
    columns = np.array([column for row in maps for column in row], np.int64)
    entries = np.array([value for row in maps for value in row.values()], np.int64)
    found = packed_blocks(np.cumsum([0, *map(len, made)]), slots, (np.cumsum([0, *map(len, maps)]), columns, entries))
    assert found == [msgspec.msgpack.encode(block) for block in made]
