"""Contacts, promises, incidents, answers and membership, one rule at a time."""

import msgspec
import pytest

from models.definitions import DeclaredScopes
from models.facts import AnyFact, AskedFact, LoyaltyFact, RecoveryFact, VoiceFact
from models.identifiers import DAY, FULL, HOUR, MINUTE, Millis
from models.policy import default
from models.scoring import Journey, Scored, by_label, journeys_of, ledger_by_cause, score_journey
from models.scoring.answers import is_dissatisfied, is_good, said_of
from models.scoring.contributions import journey_contributions
from tests.models.scoring_facts import START, answer, contact, fact, incident, promise

POLICY = default()


def only(*facts: AnyFact) -> Journey:
    (journey,) = journeys_of(sorted(facts, key=lambda fact: fact.order), POLICY)
    return journey


def inferred(*facts: AnyFact, asof: int | None = None) -> int | None:
    journey = only(*facts)
    return score_journey(journey, POLICY, journey.ended if asof is None else asof).inferred


def losses(*facts: AnyFact, asof: int | None = None) -> dict[str, int]:
    journey = only(*facts)
    return score_journey(journey, POLICY, journey.ended if asof is None else asof).lost


class TestWaits:
    def test_told_waits_replace_those_of_the_phases(self) -> None:
        facts = [contact(0, "queued"), contact(20 * MINUTE, "answered", waits=(15 * 60,))]
        assert losses(*facts) == {"wait": 1000}

    def test_each_queue_counts_and_a_repeated_queued_is_one_queue(self) -> None:
        facts = [contact(0, "queued"), contact(10 * MINUTE, "queued"), contact(20 * MINUTE, "answered")]
        facts += [contact(30 * MINUTE, "transferred"), contact(45 * MINUTE, "ended")]
        assert losses(*facts) == {"wait": 1500 + 1000}

    def test_a_transfer_out_of_a_queue_begins_another(self) -> None:
        facts = [contact(0, "queued"), contact(15 * MINUTE, "transferred"), contact(30 * MINUTE, "answered")]
        assert losses(*facts) == {"wait": 2000}

    def test_the_running_wait_counts_as_of_now(self) -> None:
        assert losses(contact(0, "queued"), asof=15 * MINUTE) == {"wait": 1000}
        assert losses(contact(0, "queued", waits=(20 * 60,)), asof=15 * MINUTE) == {"wait": 2500}

    def test_an_outbound_contact_does_not_wait(self) -> None:
        facts = [contact(0, "queued", direction="outbound", waits=(9999,)), contact(HOUR, "answered")]
        assert inferred(*facts) is None

    def test_within_the_tolerance_the_score_is_full_because_it_was_observed(self) -> None:
        assert inferred(contact(0, "queued"), contact(5 * MINUTE, "answered")) == FULL


class TestContact:
    def test_an_existing_contact_is_never_penalised_and_never_scored_for_nothing(self) -> None:
        assert inferred(contact(0, "answered")) is None
        assert inferred(contact(0, "ended", outcome="resolved")) == FULL

    def test_the_last_observed_value_holds_and_silence_takes_nothing_back(self) -> None:
        facts = [contact(0, "progress", steps_repeated=3, context_lost=True), contact(1, "progress", steps_repeated=1)]
        assert losses(*facts) == {"repeated_step": 500, "context_lost": 800}

    @pytest.mark.parametrize(
        ("observed", "points"),
        [
            ({"steps_repeated": 9}, 1500),
            ({"context_lost": True}, 800),
            ({"channel_unfit": True}, 600),
            ({"menu_loops": 2}, 1200),
            ({"paid_line": True}, 600),
            ({"cold_transfers": 2}, 1200),
            ({"wrong_answers": 1}, 600),
            ({"incident_not_told": True}, 600),
            ({"transfers_failed": 2}, 2400),
            ({"outcome": "abandoned"}, 1200),
            ({"outcome": "transfer_failed"}, 1200),
            ({"outcome": "transfer_failed", "transfers_failed": 3}, 3600),
            ({"outcome": "unresolved"}, 0),
        ],
    )
    def test_points_of_each_cause(self, observed: dict[str, object], points: int) -> None:
        assert inferred(contact(0, "ended", **observed)) == FULL - points

    def test_above_the_budget_the_lines_shrink_in_proportion(self) -> None:
        lost = losses(contact(0, "progress", transfers_failed=5, wrong_answers=5, menu_loops=5))
        assert sum(lost.values()) == 7000
        assert lost == {"transfer_failed": 3500, "menu_loop": 1750, "wrong_answer": 1750}

    def test_labels_not_observed_say_so(self) -> None:
        journey = only(contact(0, "progress", paid_line=True))
        labels = by_label(score_journey(journey, POLICY, 0))
        assert labels == {"communication": None, "courtesy": 600, "efficiency": None, "product": None}
        assert [str(label) for label in ledger_by_cause(journey, POLICY, 0).not_observed] == [
            "communication",
            "efficiency",
            "product",
        ]


class TestPromise:
    def test_before_its_date_an_open_promise_tells_nothing(self) -> None:
        assert inferred(promise(0, DAY), asof=DAY) is None
        assert inferred(promise(0, DAY), asof=DAY + 1) == FULL - 1200

    def test_kept_in_time_is_full_and_late_grows_to_twenty(self) -> None:
        assert inferred(promise(0, DAY), promise(HOUR, DAY, done=Millis(DAY))) == FULL
        assert inferred(promise(0, DAY, done=Millis(DAY + 7 * DAY // 2))) == FULL - 1600
        assert inferred(promise(0, DAY), asof=400 * DAY) == FULL - 2000

    def test_broken_is_one_line_of_at_least_twelve(self) -> None:
        assert losses(promise(0, DAY), promise(1, DAY, broken=True)) == {"promise_broken": 1200}
        assert losses(promise(0, DAY), promise(8 * DAY, DAY, broken=True)) == {"promise_broken": 2000}

    def test_moving_the_date_is_not_keeping_it(self) -> None:
        facts = [promise(0, DAY), promise(1, 9 * DAY), promise(8 * DAY, 9 * DAY, done=Millis(8 * DAY))]
        assert losses(*facts) == {"late": 2000}


class TestIncident:
    def test_restoring_lessens_the_loss_down_to_a_third(self) -> None:
        assert losses(incident(0), incident(HOUR, restored=Millis(HOUR))) == {"incident": 1000}
        assert losses(incident(0, "minor", restored=Millis(12 * HOUR))) == {"incident": 250}
        assert losses(incident(0)) == {"incident": 3000}

    def test_many_incidents_stay_in_the_product_budget(self) -> None:
        facts = [incident(n, incident=f"i{n}") for n in range(9)]
        assert losses(*facts) == {"incident": 3000}


class TestRepair:
    FAILED = contact(0, "ended", transfers_failed=2, outcome="unresolved")

    def test_a_resolved_end_gives_three_tenths_back(self) -> None:
        assert inferred(contact(0, "ended", transfers_failed=2, outcome="resolved")) == FULL - 2400 + 720

    def test_recoveries_add_a_tenth_each_up_to_half(self) -> None:
        def recovery(n: int, *, completed: bool) -> RecoveryFact:
            return fact(RecoveryFact, n, f"r{n}", recovery=f"r{n}", act="refund", completed=completed)

        assert inferred(self.FAILED, recovery(1, completed=True)) == FULL - 2400 + 240
        assert inferred(self.FAILED, recovery(1, completed=False)) == FULL - 2400
        assert inferred(self.FAILED, *(recovery(n, completed=True) for n in range(1, 9))) == FULL - 1200

    def test_what_was_lost_is_never_given_back_whole(self) -> None:
        facts = [contact(0, "queued"), contact(5 * MINUTE + 600, "ended", outcome="resolved")]
        assert losses(*facts) == {"wait": 1}
        assert inferred(*facts) == FULL - 1

    def test_only_the_latest_contact_repairs(self) -> None:
        solved = contact(0, "ended", transfers_failed=2, outcome="resolved")
        opened = contact(1, "answered", contact="d", context_lost=False)
        assert inferred(solved, opened) == FULL - 2400


class TestAnswers:
    def test_scales(self) -> None:
        assert [said_of(answer(0, n)) for n in (1, 2, 4, 5)] == [0, 2500, 7500, FULL]
        assert said_of(answer(0, 5, instrument="ces", low=1, high=7)) == 6667
        assert said_of(answer(0, 3, instrument="custom", low=0, high=10)) == 3000
        assert said_of(answer(0, 9, instrument="nps", low=0, high=10)) is None
        assert said_of(answer(0, 9, instrument="custom", low=3, high=3)) is None

    def test_a_good_contact_by_answer_or_by_score(self) -> None:
        assert is_good(0, answer(0, 4), POLICY)
        assert not is_good(FULL, answer(0, 3), POLICY)
        assert is_good(0, answer(0, 5, instrument="ces", low=1, high=7), POLICY)
        assert is_good(9000, None, POLICY)
        assert not is_good(8999, None, POLICY)

    def test_dissatisfied(self) -> None:
        assert is_dissatisfied(answer(0, 2), POLICY)
        assert not is_dissatisfied(answer(0, 3), POLICY)
        assert is_dissatisfied(answer(0, 6, instrument="nps", low=0, high=10), POLICY)
        assert is_dissatisfied(answer(0, 4, instrument="custom", low=0, high=10), POLICY)

    def test_an_answer_about_a_contact_replaces_that_contacts_score_only(self) -> None:
        journey = only(contact(0, "ended", outcome="resolved"), answer(1, 2, contact="c"))
        score = score_journey(journey, POLICY, 1)
        assert (score.shown, score.contacts[0].shown, score.contacts[0].inferred) == (FULL, 2500, FULL)

    def test_the_latest_answer_about_the_journey_holds_and_never_makes_it_longer(self) -> None:
        journey = only(contact(0, "ended", outcome="resolved"), answer(1, 5), answer(2, 1))
        score = score_journey(journey, POLICY, 2)
        assert (score.shown, score.unexplained, journey.ended, journey.last_event) == (0, FULL, 0, 2)

    def test_the_survey_names_what_its_answer_is_about(self) -> None:
        facts: list[AnyFact] = [
            contact(0, "ended", outcome="resolved"),
            fact(AskedFact, 1, "ask", survey="s", contact="c", instrument="csat"),
            contact(20 * DAY, "ended", contact="d", outcome="resolved"),
            answer(21 * DAY, 1, survey="s"),
        ]
        first, second = journeys_of(facts, POLICY)
        assert set(first.asked) == {"c"}
        assert not second.asked

    def test_an_answer_about_an_unknown_journey_makes_one_that_only_has_its_word(self) -> None:
        (journey,) = journeys_of([answer(0, 4, journey="order-1")], POLICY)
        score = score_journey(journey, POLICY, 0)
        assert (journey.key, score.inferred, score.shown) == ("order-1", None, 7500)

    def test_an_answer_about_an_unknown_contact_is_counted_as_that_contacts(self) -> None:
        (journey,) = journeys_of([answer(0, 1, contact="gone")], POLICY)
        score = score_journey(journey, POLICY, 0)
        assert score.shown is None
        one, whole = journey_contributions(Scored(journey, score), POLICY, DeclaredScopes(), 0)
        assert one.counts["contact.only"] == one.counts["contact.said"] == 1
        assert one.counts["contact.unexplained"] == FULL
        assert whole.counts == {"journey.unscored": 1}


class TestMembership:
    def keys(self, *facts: AnyFact, taken: tuple[str, ...] = ()) -> list[tuple[str, int]]:
        ordered = sorted(facts, key=lambda one: one.order)
        return [(journey.key, len(journey.facts)) for journey in journeys_of(ordered, POLICY, taken)]

    def voice(self, at: int, **fields: object) -> VoiceFact:
        return fact(VoiceFact, at, f"v{at}", post=f"{at}", **fields)

    def test_within_seven_days_of_the_latest_event_it_is_the_same_journey(self) -> None:
        assert self.keys(self.voice(0), self.voice(7 * DAY), self.voice(14 * DAY)) == [("@0", 3)]
        assert self.keys(self.voice(0), self.voice(7 * DAY + 1)) == [("@0", 1), (f"@{7 * DAY + 1}", 1)]

    def test_a_named_journey_is_joined_within_thirty_days_else_opened_anew(self) -> None:
        facts = [self.voice(0, journey="x"), self.voice(30 * DAY, journey="x"), self.voice(61 * DAY, journey="x")]
        assert self.keys(*facts) == [("x", 2), ("x~2", 1)]

    def test_keys_of_frozen_journeys_are_not_used_again(self) -> None:
        assert self.keys(self.voice(0, journey="x"), taken=("x", "x~2")) == [("x~3", 1)]
        assert self.keys(self.voice(5), taken=("@5",)) == [("@5~2", 1)]

    def test_an_update_follows_its_contact_whatever_it_names(self) -> None:
        first, last = contact(0, "queued", journey="x"), contact(50 * DAY, "ended", journey="y")
        assert self.keys(first, last, self.voice(50 * DAY + 1)) == [("x", 3)]

    def test_what_came_too_late_is_alone(self) -> None:
        late = msgspec.structs.replace(contact(0, "ended", outcome="resolved"), alone=True)
        assert self.keys(late, contact(1, "ended", contact="c")) == [("late:crm/c-0-ended", 1), ("@1", 1)]

    def test_what_is_never_lived_is_in_no_journey(self) -> None:
        nps = answer(0, 9, instrument="nps", low=0, high=10)
        assert self.keys(nps, fact(AskedFact, 1, "a", survey="s", contact=None, instrument="csat")) == []


class TestSeeds:
    def seeds(self, *facts: AnyFact, asof: int) -> dict[str, int]:
        journey = only(*facts)
        scored = Scored(journey, score_journey(journey, POLICY, asof))
        found = journey_contributions(scored, POLICY, DeclaredScopes(), asof)
        counts = [key for part in found for key in part.counts if ".seeds." in key]
        return {key.rpartition(".")[2]: counts.count(key) for key in counts}

    def test_solved_first_time_needs_a_silent_week(self) -> None:
        solved = contact(START, "ended", outcome="resolved")
        assert self.seeds(solved, asof=START + 7 * DAY - 1) == {}
        assert self.seeds(solved, asof=START + 7 * DAY) == {"first_time": 1}
        again = contact(START + DAY, "answered", contact="d")
        assert self.seeds(solved, again, asof=START + 30 * DAY) == {}

    def test_proactive_thanks_and_referral(self) -> None:
        call = contact(START, "ended", direction="outbound", outcome="resolved", thanked=True)
        referral = fact(LoyaltyFact, START + 1, "l", kind="referral")
        assert self.seeds(call, referral, asof=START) == {"proactive": 1, "thanks": 1, "referral": 1}
