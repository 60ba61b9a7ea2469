"""What each design requires before the start, and who it treats when."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import assignment
from experiments.design import GRADES, LAYOUTS, Arm, Design, lowered
from experiments.designs import BeforeAfter, Clusters, Frame, Layout, Rollout, Switchback
from experiments.designs.timetable import origin_of
from experiments.rehearsal import Rehearsal
from experiments.schedule import drawn
from experiments.spending import Stopping
from models.errors import InvalidInput
from models.identifiers import DAY, HOUR, Millis

T0 = Millis(20_000 * DAY + 5 * HOUR)
WINDOW = Millis(6 * HOUR)
SITES = tuple(f"site {i:02}" for i in range(12))
VECTORS = json.loads(Path(assignment.__file__).with_name("assignment_vectors.json").read_text())
Vector = dict[str, Any]


def a_frame(days: float = 70, share: float = 0.5, stopping: Stopping = "fixed", window: Millis = WINDOW) -> Frame:
    return Frame(share, window, stopping, T0, Millis(T0 + round(days * DAY)))


SOUND: list[Layout] = [
    Clusters(SITES, 0.05),
    Switchback(Millis(12 * HOUR), ("north", "south")),
    Rollout(SITES, waves=4, every=2),
    BeforeAfter(past=140),
]


@pytest.mark.parametrize("layout", SOUND, ids=lambda layout: type(layout).__name__)
def test_a_sound_plan_misses_nothing(layout: Layout) -> None:
    assert list(layout.missing(a_frame())) == []


CLUSTERS: list[tuple[Layout, Frame, str]] = [
    (Clusters(SITES[:6]), a_frame(), "with 3 + 3 clusters no result can reach 5 %: the smallest possible p is 0.1"),
    (Clusters(SITES[:8]), a_frame(), "8 clusters are too few: no look is allowed before 10"),
    (Clusters(SITES[:1]), a_frame(), "1 cluster is named"),
    (Clusters((*SITES, SITES[0])), a_frame(), "a name of its own"),
    (Clusters(SITES), a_frame(share=0.1), "3 per arm"),
    (Clusters(SITES, 1.5), a_frame(), "must lie between 0 and 1"),
]
PERIODS: list[tuple[Layout, Frame, str]] = [
    (Switchback(Millis(0)), a_frame(), "shorter than a minute"),
    (Switchback(Millis(DAY), washout=Millis(DAY)), a_frame(), "the washout must be shorter"),
    (Switchback(Millis(DAY), ("a", "a")), a_frame(), "every lane needs a name of its own"),
    (Switchback(Millis(DAY)), a_frame(share=0.3), "give both arms the same weight"),
    (Switchback(Millis(HOUR)), a_frame(), "the outcome window is longer than a period"),
    (Switchback(Millis(7 * DAY)), a_frame(), "4 blocks of two periods fit before the end"),
]
WAVES: list[tuple[Layout, Frame, str]] = [
    (Rollout(SITES, 1), a_frame(), "1 waves of 12 clusters"),
    (Rollout(SITES, 7), a_frame(), "7 waves of 12 clusters"),
    (Rollout(SITES, 4, past=1), a_frame(), "with a past of two periods or more"),
    (Rollout(SITES[:8], 4), a_frame(), "8 clusters are too few"),
    (Rollout(SITES, 4), a_frame(stopping="spending"), "judged once, at its end"),
    (Rollout(SITES, 4, every=4), a_frame(), "the waves take 84 days"),
]
DATES: list[tuple[Layout, Frame, str]] = [
    (BeforeAfter(140), a_frame(days=10), "9 days after the date are too few"),
    (BeforeAfter(60), a_frame(days=29), "60 days of the past are too few for 19 placebo dates: 74 are needed"),
    (BeforeAfter(140), a_frame(stopping="spending"), "judged once, at its end"),
]


@pytest.mark.parametrize(("layout", "frame", "words"), CLUSTERS + PERIODS + WAVES + DATES)
def test_what_cannot_work_is_refused_before_the_start(layout: Layout, frame: Frame, words: str) -> None:
    assert any(words in missing for missing in layout.missing(frame)), list(layout.missing(frame))


def a_design(**changes: object) -> Design:
    given: dict[str, object] = {"kind": "cluster", "layout": Clusters(SITES), "window": Millis(6 * HOUR)}
    return Design((Arm("control"), Arm("new")), 1000, Millis(T0 + 70 * DAY), "p", **(given | changes))  # type: ignore[arg-type]


def test_kind_and_layout_must_go_together() -> None:
    assert list(a_design().missing(T0)) == []
    assert "needs its layout" in next(a_design(layout=None).missing(T0))
    assert "needs its layout" in next(a_design(layout=BeforeAfter()).missing(T0))
    assert "need no layout" in next(a_design(kind="customer_randomised").missing(T0))
    assert set(LAYOUTS) | {"customer_randomised"} == set(GRADES)


def test_grades_are_those_of_the_method_and_fall_by_one() -> None:
    assert [a_design(kind=kind).grade for kind in GRADES] == ["A", "B", "B", "B", "C"]
    assert [lowered(grade) for grade in ("A", "B", "C")] == ["B", "C", "C"]


def test_a_rehearsal_that_finds_what_is_not_there_speaks_against_the_start() -> None:
    sound, loud = Rehearsal(1000, 55, 1.0, 10.0, 28.0), Rehearsal(1000, 120, 1.0, 10.0, 28.0)
    assert list(a_design(rehearsal=sound).missing(T0)) == []
    assert "12.0 %" in next(a_design(rehearsal=loud).missing(T0))


@given(st.text("abcxyz/0189", min_size=1, max_size=12), st.sampled_from([0.2, 0.5, 0.7]))
@settings(max_examples=50)
def test_clusters_are_drawn_once_in_the_designs_numbers(salt: str, share: float) -> None:
    layout = Clusters(SITES)
    table = layout.timetable(salt, a_frame(share=share))
    assert sum(row[0] for row in table.treated.values()) == layout.treated_count(share)
    mixed = Clusters(tuple(reversed(SITES))).timetable(salt, a_frame(share=share))
    assert mixed.treated == table.treated


@given(st.text("abcxyz/0189", min_size=1, max_size=12))
@settings(max_examples=30)
def test_every_block_of_every_lane_has_one_period_of_each_arm(salt: str) -> None:
    layout = Switchback(Millis(12 * HOUR), ("north", "south"))
    table = layout.timetable(salt, a_frame())
    for row in table.treated.values():
        assert len(row) == 2 * layout.blocks(a_frame())
        assert all(row[i] != row[i + 1] for i in range(0, len(row), 2))


@given(st.text("abcxyz/0189", min_size=1, max_size=12))
@settings(max_examples=30)
def test_waves_start_in_turn_and_nobody_goes_back(salt: str) -> None:
    layout = Rollout(SITES, waves=4, every=2)
    table = layout.timetable(salt, a_frame())
    assert (table.first, table.beyond) == (-4, 6)
    starts = sorted(row.index(True) if True in row else len(row) for row in table.treated.values())
    assert starts == [4] * 3 + [6] * 3 + [8] * 3 + [10] * 3
    assert all(sorted(row) == list(row) for row in table.treated.values())


@pytest.mark.parametrize("pick", [lambda t: t["site 03"][0], lambda t: t["site 11"][0]], ids=["third", "last"])
def test_over_many_salts_each_site_is_treated_half_of_the_times(pick: Callable[[object], bool]) -> None:
    treated = [pick(Clusters(SITES).timetable(f"salt {i}", a_frame()).treated) for i in range(1_000)]
    assert 0.45 < sum(treated) / 1_000 < 0.55


def test_the_timetable_is_that_of_every_program() -> None:
    """Pinned vectors: a client in another language draws the same from SHA-256."""
    clusters = Clusters(SITES).timetable("spring/1", a_frame())
    assert [name for name, row in clusters.treated.items() if row[0]] == [f"site {i:02}" for i in (2, 5, 6, 7, 9, 10)]
    periods = Switchback(Millis(12 * HOUR)).timetable("spring/1", a_frame()).treated[""]
    assert "".join("T" if one else "c" for one in periods[:12]) == "TccTcTcTcTTc"


@pytest.mark.parametrize("vector", VECTORS["sites"], ids=lambda v: f"{len(v['names'])} sites, {v['arms'][1][1]}")
def test_sites_are_drawn_as_the_committed_vectors_say(vector: Vector) -> None:
    arms = tuple(Arm(name, weight) for name, weight in vector["arms"])
    names = tuple(vector["names"])
    drawing = Design(arms, 100, Millis(T0 + DAY), "p", kind="cluster", layout=Clusters(names))
    treated = drawn(drawing, vector["salt"], T0).treated
    assert {name for name, row in treated.items() if row[0]} == set(vector["treated"])


@pytest.mark.parametrize("vector", VECTORS["waves"], ids=lambda v: f"{len(v['names'])} sites, {v['waves']} waves")
def test_waves_join_as_the_committed_vectors_say(vector: Vector) -> None:
    layout = Rollout(tuple(vector["names"]), vector["waves"], every=2, past=3)
    table = layout.timetable(vector["salt"], a_frame())
    for wave, names in enumerate(vector["joining"]):
        for name in names:
            row = table.treated[name]
            assert row == (False,) * (3 + 2 * wave) + (True,) * (len(row) - 3 - 2 * wave)


@pytest.mark.parametrize("vector", VECTORS["blocks"], ids=lambda v: v["lane"] or "whole scope")
def test_blocks_are_tossed_as_the_committed_vectors_say(vector: Vector) -> None:
    layout = Switchback(Millis(DAY), (vector["lane"],))
    row = layout.timetable(vector["salt"], a_frame()).treated[vector["lane"]]
    known = vector["treated_first"]
    assert list(row[: 2 * len(known) : 2]) == known
    assert list(row[1 : 2 * len(known) : 2]) == [not first for first in known]


def test_periods_begin_on_whole_days_and_a_washout_belongs_to_none() -> None:
    table = Switchback(Millis(12 * HOUR), washout=Millis(HOUR)).timetable("s", a_frame())
    noon = origin_of(T0, Millis(12 * HOUR))
    assert noon == 20_000 * DAY + 12 * HOUR
    assert table.period_at(Millis(noon - 1)) is None
    assert table.period_at(noon) is None
    assert table.period_at(Millis(noon + HOUR)) == 0
    assert table.period_at(Millis(noon + 13 * HOUR)) == 1
    assert table.period_at(Millis(noon + 12 * HOUR)) is None
    assert table.ends_at(0) == noon + 12 * HOUR
    assert table.period_at(Millis(T0 + 400 * DAY)) is None


def test_only_designs_with_a_layout_have_a_timetable() -> None:
    assert drawn(a_design(), "s", T0).treated
    with pytest.raises(InvalidInput, match="only designs of clusters"):
        drawn(a_design(kind="customer_randomised", layout=None), "s", T0)
