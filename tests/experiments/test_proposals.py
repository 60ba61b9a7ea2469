"""Proposals for root causes: what adds up does, what overlaps is only associated, and chance is not proposed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.proposals import Groups, Proposal, Sliced, level_of, of_ledger, of_slices, of_themes, of_voices
from experiments.root_causes import Evidence, Rival, RootCause, missing_from, with_evidence, with_rival
from experiments.themes import CHANCE, LEAST_COMMENTS, Comment, themes_of
from models.errors import InvalidInput
from models.gaps.causes import CauseLine


def groups(mean: float, n: int = 20, spread: float = 0.0, seed: int = 0) -> dict[int, tuple[int, int]]:
    random = np.random.default_rng(seed)
    return {g: (round(n * (100 * mean + random.normal(0, 100 * spread))), n) for g in range(32)}


def merged(*parts: Groups) -> dict[int, tuple[int, int]]:
    return {g: (sum(part[g][0] for part in parts), sum(part[g][1] for part in parts)) for g in range(32)}


def sliced(slices: dict[str, Groups], target: float = 80.0, sign: int = 1, *, adds_up: bool = True) -> Sliced:
    return Sliced(target, 0.01, sign, merged(*slices.values()), slices, adds_up)


means = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50)), min_size=1, max_size=5)


@given(drawn=means, target=st.floats(0, 100))
@settings(deadline=None)
def test_what_slices_of_contacts_carry_adds_up_to_the_shortfall(drawn: list[tuple[float, int]], target: float) -> None:
    cut = sliced({f"channel:{i}": groups(mean, n) for i, (mean, n) in enumerate(drawn)}, target)
    whole = level_of(cut.whole, cut.scale)
    assert whole is not None
    carried = 0.0
    for part in cut.slices.values():
        level = level_of(part, cut.scale)
        assert level is not None
        carried += level.n * (target - level.value) / whole.n
    assert carried == pytest.approx(target - whole.value, abs=1e-9)
    told = [each.points or 0.0 for each in of_slices(cut)]
    assert told == sorted(told, reverse=True)
    # Slices above the target carry less than nothing and are not proposed: those that are may exceed the shortfall.
    assert sum(told) >= min(target - whole.value, 0.0) - 1e-9


def test_the_heaviest_slice_comes_first_and_the_good_ones_not_at_all() -> None:
    cut = sliced({"channel:chat": groups(50, 10), "channel:phone": groups(70, 30), "channel:shop": groups(95, 20)})
    found = list(of_slices(cut))
    assert [each.id for each in found] == ["slice:channel:chat", "slice:channel:phone"]
    # 32 groups: chat carries 10 (80 − 50) / 60 = 5.0 of the 5.0 … phone 30 (80 − 70) / 60 = 5.0.
    assert [each.points for each in found] == [pytest.approx(5.0), pytest.approx(5.0)]
    assert "50.0 (50.0 to 50.0, 320 contacts) against 80.0; it carries 5.0 of the 5.0 points" in found[0].statement
    assert all(each.adds_up for each in found)


def test_a_slice_that_may_be_chance_is_not_proposed() -> None:
    noisy = groups(78, 2, spread=60)
    assert list(of_slices(sliced({"channel:chat": noisy, "channel:phone": groups(90, 40)}))) == []
    few = dict.fromkeys(range(5), (5_000, 1))
    assert level_of(few, 0.01) is None


def test_slices_of_journeys_are_associated_and_do_not_add_up() -> None:
    cut = sliced({"touchpoint:help": groups(50, 10), "touchpoint:bill": groups(70, 30)}, adds_up=False)
    found = list(of_slices(cut))
    assert not any(each.adds_up for each in found)
    # n (S − S_v) / (N − n), S = 65: 320 · 15 / 960.
    assert found[0].points == pytest.approx(5.0)
    assert "do not add up" in found[0].statement


def test_where_less_is_better_the_slow_slice_is_proposed() -> None:
    cut = sliced({"channel:chat": groups(30, 10), "channel:phone": groups(5, 10)}, target=10.0, sign=-1)
    [slow] = of_slices(cut)
    assert slow.id == "slice:channel:chat"
    assert slow.points == pytest.approx(10.0)


def test_an_interval_by_customer_groups_covers_what_is_true() -> None:
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        people = random.normal(70, 15, 320)
        told = [(round(100 * people[g::32].sum()), 10) for g in range(32)]
        level = level_of(dict(enumerate(told)), 0.01)
        assert level is not None
        hits += level.low <= 70 <= level.high
    assert 0.92 < hits / 400 < 0.98


def test_the_ledger_is_proposed_by_points_and_what_nobody_observes_is_said() -> None:
    lines = [
        CauseLine("wait", 300, 50),
        CauseLine("repeated_step", 700),
        CauseLine("said", 90),
        CauseLine("repaired", -40),
    ]
    found = list(of_ledger(lines, {"repeated_step": "repeating steps"}))
    assert [each.id for each in found] == ["ledger:wait", "ledger:repeated_step", "ledger:said"]
    assert [each.points for each in found] == [3.0, 7.0, 0.9]
    assert "repeating steps costs 7.00 of the 10.50 points" in found[1].statement
    assert "0.50 more than before" in found[0].statement
    assert "a cause is missing" in found[2].statement


WORDS = ["lent", "poli", "rapide", "agence", "contrat", "facture", "appel", "message", "client", "service"]


def comments(size: int, seed: int, low_for: str = "") -> list[Comment]:
    random = np.random.default_rng(seed)
    made = []
    for _ in range(size):
        words = [str(word) for word in random.choice(WORDS, 4)]
        rating = float(random.integers(0, 101))
        made.append(Comment(" ".join(words), rating / 4 if low_for in words else rating))
    return made


def test_a_word_that_goes_with_low_ratings_is_a_theme() -> None:
    found = themes_of(comments(300, 1, "facture"))
    assert found[0].words == "facture"
    theme = found[0]
    every = comments(300, 1, "facture")
    holding = [c.rating or 0.0 for c in every if "facture" in c.text]
    overall = sum(c.rating or 0.0 for c in every) / 300
    n = len(holding)
    assert (theme.comments, theme.of) == (n, 300)
    assert theme.associated == pytest.approx(n * (sum(holding) / n - overall) / (300 - n))
    assert theme.associated < 0
    assert len(theme.quotes) == 2


def test_a_word_that_only_a_few_wrote_is_no_theme() -> None:
    glad = [Comment(f"service rapide {'poli' if i % 2 else 'clair'}", 90.0 + i % 5) for i in range(200)]
    assert themes_of([*glad, *[Comment("panne totale", 0.0)] * (LEAST_COMMENTS - 1)]) == []
    assert themes_of([*glad, *[Comment("panne totale", 0.0)] * LEAST_COMMENTS])


def test_words_that_mean_nothing_are_seldom_proposed() -> None:
    raised = sum(bool(themes_of(comments(200, seed))) for seed in range(200))
    assert raised / 200 <= 3 * CHANCE + 0.01


def test_themes_speak_french_and_english_leave_out_small_words_and_say_each_thing_once() -> None:
    sad = [Comment("Il a fallu tout répéter au technicien, encore et encore", 5.0)] * 8
    glad = [Comment("Très bien, merci beaucoup", 95.0), Comment("Quick and kind answer", 90.0)] * 20
    themes = themes_of([*sad, *glad, Comment("sans note", None)])
    assert len(themes) == 1
    assert set(themes[0].words.split()) <= {"fallu", "répéter", "technicien"}
    assert themes[0].of == 48
    assert themes_of([]) == themes_of([Comment("répéter", None)] * 50) == []


def test_themes_and_voices_are_proposed_in_words() -> None:
    [theme] = of_themes(themes_of(comments(300, 1, "facture"))[:1])
    assert theme.kind == "verbatim"
    assert "associated with −" in theme.statement
    assert not theme.adds_up
    [voice] = of_voices("staff", [("crm/7", "x" * 400)])
    assert voice == Proposal("staff:crm/7", "staff", f"“{'x' * 249}…”", quotes=("x" * 400,))


def test_evidence_and_rivals_are_added_to_the_cause_they_speak_for() -> None:
    causes = with_evidence((), " nobody sees the chat ", Evidence("ledger", "17 points"), "repeated_step")
    causes = with_evidence(causes, "nobody sees the chat", Evidence("staff", "we cannot"))
    causes = with_evidence(causes, "too few people", Evidence("slice", "only on Mondays"))
    assert [(c.statement, c.cause, len(c.evidence)) for c in causes] == [
        ("nobody sees the chat", "repeated_step", 2),
        ("too few people", "", 1),
    ]
    rival = Rival("new staff", "no difference between agents", "slice:staff")
    with pytest.raises(InvalidInput, match="no root cause is stated so"):
        with_rival(causes, "", rival)
    causes = with_rival(causes, "nobody sees the chat", rival)
    assert not list(missing_from(causes[:1]))
    assert with_rival(causes[:1], "", rival)[0].rivals == (rival, rival)
    for wrong in (Rival("x", " "), Rival("x")):
        with pytest.raises(InvalidInput, match="why this explanation was rejected"):
            with_rival(causes, "too few people", wrong)
    with pytest.raises(InvalidInput, match="which root cause"):
        with_evidence((), " ", Evidence("ledger", "x"))
    assert isinstance(causes[0], RootCause)
