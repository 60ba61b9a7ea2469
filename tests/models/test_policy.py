"""The policy file: read, refused with a remedy, and named by its content."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.causes import Cause
from models.errors import InvalidInput
from models.identifiers import DAY, HOUR, MINUTE
from models.policy import default, load
from models.policy_file import PolicyFile, parse
from models.scoring.rules import rule_of

TEXT = default().text


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_the_shipped_policy_says_what_the_specification_says() -> None:
    policy = default()
    assert (policy.treatment_budget, policy.product_budget) == (7000, 3000)
    assert (policy.wait_points, policy.wait_reach) == (1500, 4)
    assert [policy.tolerated(channel) for channel in ("chat", "phone", "fax")] == [2 * MINUTE, 5 * MINUTE, 5 * MINUTE]
    assert (policy.repeated_step, policy.repeated_steps_most, policy.context_lost) == (500, 1500, 800)
    assert (policy.channel_unfit, policy.menu_loop, policy.paid_line) == (600, 600, 600)
    assert (policy.abandoned, policy.transfer_failed, policy.promise_broken) == (1200, 1200, 1200)
    assert (policy.cold_transfer, policy.wrong_answer, policy.incident_not_told) == (600, 600, 600)
    assert policy.incident == {"minor": 500, "major": 1500, "outage": 3000}
    assert (policy.incident_full, policy.incident_least) == (24 * HOUR, 8 * HOUR)
    assert (policy.late_from, policy.late_to, policy.late_over) == (1200, 2000, 7 * DAY)
    assert (policy.others, policy.repair_resolved, policy.repair_recovery, policy.repair_most) == (20, 30, 10, 50)
    assert (policy.half_life, policy.memory_good, policy.memory_most) == (365 * DAY, 9000, 300)
    assert (policy.journey_window, policy.same_journey) == (7 * DAY, 30 * DAY)
    assert (policy.rescue_treatment, policy.rescue_journey, policy.rescue_probability) == (2000, 5000, 0.6)
    assert (policy.good_score, policy.good.csat, policy.good.ces) == (9000, 4, 5)
    assert policy.impact.leave_if_bad == (0.15, 0.55, 0.90)
    assert policy.impact.leave_if_good == 0.03


def test_comments_and_layout_do_not_change_the_version() -> None:
    values = tomllib.loads(TEXT)
    bare = "\n".join(line.split("#")[0].rstrip() for line in TEXT.splitlines() if line.strip())
    assert tomllib.loads(bare) == values
    assert load(bare).version == default().version
    assert load(bare) == default()
    assert hash(load(bare)) == hash(default())


def test_every_value_changes_the_version() -> None:
    names = re.findall(r"^(\w+) = (\d+)\b", TEXT, flags=re.MULTILINE)
    seen = {default().version}
    for name, value in names:
        try:
            other = load(re.sub(rf"^{name} = {value}\b", f"{name} = {int(value) + 1}", TEXT, flags=re.MULTILINE))
        except InvalidInput:
            continue  # a bound or a rule between two values refused it
        seen.add(other.version)
    assert len(seen) > 25
    assert load(changed('name = "default"', 'name = "mine"')).version.startswith("mine@")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (changed("menu_loop = 6", "menu_lop = 6"), "contact.menu_lop: is not a policy key; did you mean `menu_loop`?"),
        ("colour = 1\n" + TEXT, "colour: is not a policy key; remove it; known here: name, budgets"),
        (changed("paid_line = 6 ", "# "), "contact.paid_line: is missing; copy it"),
        (
            changed("treatment = 70", "treatment = 80"),
            "budgets: this table does not do: treatment and product must add",
        ),
        (changed("chat = 2", "chat = 0"), "wait.tolerance_minutes.chat: 0 does not do"),
        (changed("other = 5", "mail = 5"), "must name `other`"),
        (changed("context_lost = 8 ", "context_lost = 8.005 #"), "contact.context_lost: 8.005 does not do"),
        (changed("context_lost = 8 ", "context_lost = nan #"), "contact.context_lost: nan does not do"),
        (changed("context_lost = 8 ", "context_lost = true #"), "contact.context_lost: True does not do"),
        (changed("context_lost = 8 ", 'context_lost = "8" #'), "contact.context_lost: '8' does not do"),
        (changed("late_at_most = 20", "late_at_most = 5"), "late_at_most must not be less"),
        (changed("repairs_at_most = 0.5", "repairs_at_most = 1.0"), "journey.repairs_at_most"),
        (changed("[0.15, 0.55, 0.90]", "[0.95, 0.55, 0.90]"), "leave_if_bad must rise"),
        ("name = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_refused_with_field_fault_and_remedy(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(told)):
        load(text)


@given(st.integers(0, 10_000))
def test_any_hundredth_of_a_point_can_be_written(hundredths: int) -> None:
    policy = load(changed("context_lost = 8 ", f"context_lost = {hundredths / 100} #"))
    assert policy.context_lost == hundredths


def test_every_key_of_the_file_is_explained_by_a_comment_or_its_table() -> None:
    assert TEXT.count("#") > 30
    assert set(tomllib.loads(TEXT)) == set(PolicyFile.model_fields)
    assert parse(TEXT).name == "default"


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_rule_in_words_with_its_points(cause: Cause) -> None:
    assert re.search(r"\d", rule_of(cause, default()))
