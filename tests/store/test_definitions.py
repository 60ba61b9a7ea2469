"""Definitions change at an exact offset; policies follow their rules."""

import pytest

from models.definitions import DeclaredScopes, LiveExperiment
from models.effects import Effects
from models.errors import Fenced, Forbidden, NotFound
from models.identifiers import DAY, Millis, Offset, Partition
from models.policy import Policy, default, load
from store.database import Store
from store.policies import compiled
from tests.store import samples

NOW = Millis(1)
SCOPES = DeclaredScopes(
    touchpoints=frozenset({"help", "shop"}), channels=frozenset({"chat"}), segments=frozenset({("plan", "fibre")})
)


def policy(number: int) -> Policy:
    return load(default().text.replace("half_life_days = 365", f"half_life_days = {365 + number}"))


def live(experiment: str, version: str) -> LiveExperiment:
    return LiveExperiment(experiment, ("a", "b"), "journey_score", DAY, DAY, version, guardrails=("contacts",))


def advance(store: Store, partition: int, to: int) -> None:
    position = store.partitions.position(Partition(partition))
    store.checkpoint(Effects(position.partition, position.next_offset, Offset(to), position.epoch, position.watermark))


def test_a_new_store_scores_with_the_shipped_policy(store: Store) -> None:
    current = store.definitions.current()
    assert (current.version, current.policies, current.scopes, current.experiments) == (
        1,
        (default(),),
        DeclaredScopes(),
        (),
    )
    assert store.definitions.timeline(Partition(0)).at(0) == current


def test_the_policies_the_tests_use_differ() -> None:
    assert len({default().version, policy(1).version, policy(2).version, policy(3).version}) == 4


def test_a_change_applies_from_where_each_partition_stands(store: Store) -> None:
    advance(store, 3, 10)
    store.definitions.declare(SCOPES, "Ada", NOW)
    advance(store, 3, 20)
    store.definitions.add_policy(policy(1), "Ada", NOW)
    here, there = store.definitions.timeline(Partition(3)), store.definitions.timeline(Partition(4))
    assert [(first, d.version) for first, d in here.steps] == [(0, 1), (10, 2), (20, 3)]
    assert [(first, d.version) for first, d in there.steps] == [(0, 3)], "versions nobody folded under are left out"
    assert (here.at(9).scopes, here.at(10).scopes) == (DeclaredScopes(), SCOPES)
    assert [row.why for row in store.definitions.history()] == ["the store was made", "scopes declared", "policy added"]


def test_a_change_fences_what_is_being_folded_under_the_old_definitions(store: Store) -> None:
    position = store.partitions.position(Partition(3))
    in_flight = Effects(Partition(3), Offset(0), Offset(9), position.epoch, Millis(0))
    store.definitions.declare(SCOPES, "Ada", NOW)
    with pytest.raises(Fenced):
        store.checkpoint(in_flight)


def test_saying_the_same_again_changes_nothing(store: Store) -> None:
    store.definitions.declare(SCOPES, "Ada", NOW)
    epoch = store.partitions.position(Partition(0)).epoch
    assert store.definitions.declare(SCOPES, "Ada", NOW).version == 2
    assert store.definitions.add_policy(default(), "Ada", NOW).version == 2
    assert store.definitions.activate_policy(default().version, "Ada", NOW).version == 2
    assert store.definitions.run_experiments([], "Ada", NOW).version == 2
    assert store.partitions.position(Partition(0)).epoch == epoch


def test_switching_is_a_pointer_to_a_policy_already_scored(store: Store) -> None:
    with pytest.raises(NotFound, match="add it and replay"):
        store.definitions.activate_policy(policy(1).version, "Ada", NOW)
    store.definitions.add_policy(policy(1), "Ada", NOW)
    assert store.definitions.current().active == default()
    assert store.definitions.activate_policy(policy(1).version, "Ada", NOW).policies == (policy(1), default())


def test_at_most_three_policies_are_scored(store: Store) -> None:
    for number in (1, 2):
        store.definitions.add_policy(policy(number), "Ada", NOW)
    with pytest.raises(Forbidden, match="3 policies are scored already"):
        store.definitions.add_policy(policy(3), "Ada", NOW)
    with pytest.raises(NotFound):
        store.policies.get(policy(3).version)
    store.definitions.remove_policy(policy(2).version, "Ada", NOW)
    store.definitions.add_policy(policy(3), "Ada", NOW)
    assert {p.version for p in store.definitions.current().policies} == {
        p.version for p in (default(), policy(1), policy(3))
    }


def test_the_active_policy_and_a_pinned_one_cannot_go(store: Store) -> None:
    store.definitions.add_policy(policy(1), "Ada", NOW)
    store.definitions.run_experiments([live("x", policy(1).version)], "Ada", NOW)
    with pytest.raises(Forbidden, match="experiment x is measured with it"):
        store.definitions.remove_policy(policy(1).version, "Ada", NOW)
    with pytest.raises(Forbidden, match="activate another"):
        store.definitions.remove_policy(default().version, "Ada", NOW)
    with pytest.raises(NotFound):
        store.definitions.remove_policy("nobody@1", "Ada", NOW)
    assert store.definitions.current().policies == (default(), policy(1))
    store.definitions.run_experiments([], "Ada", NOW)
    assert store.definitions.remove_policy(policy(1).version, "Ada", NOW).policies == (default(),)


def test_a_removed_policy_leaves_the_history_readable(store: Store) -> None:
    store.definitions.add_policy(policy(1), "Ada", NOW)
    advance(store, 3, 10)
    store.definitions.activate_policy(policy(1).version, "Ada", NOW)
    store.definitions.remove_policy(default().version, "Ada", NOW)
    timeline = store.definitions.timeline(Partition(3))
    assert [(first, d.policies) for first, d in timeline.steps] == [(0, (policy(1),)), (10, (policy(1),))]
    assert store.definitions.history()[0].policies == (default().version,)


def test_experiments_come_back_as_they_were_written(store: Store) -> None:
    store.definitions.run_experiments([live("x", default().version)], "Ada", NOW)
    assert store.definitions.current().experiments == (live("x", default().version),)
    [known] = store.policies.all((default().version,))
    assert (known.policy, known.role, known.pinned_by, known.author) == (default(), "active", ("x",), "ressenti")


def test_an_experiment_cannot_run_on_a_policy_nobody_knows(store: Store) -> None:
    with pytest.raises(NotFound, match="does not know it"):
        store.definitions.run_experiments([live("x", "nobody@1")], "Ada", NOW)
    assert store.definitions.current().version == 1


def test_a_kept_policy_keeps_its_name_under_a_later_program() -> None:
    renamed = compiled("old-name@123", default().text)
    assert (renamed.version, renamed.half_life) == ("old-name@123", default().half_life)


def test_erased_subjects_are_part_of_every_definition(store: Store) -> None:
    store.erase(samples.subject(1), "Ada")
    assert store.definitions.current().erased == {samples.subject(1)}
    assert store.definitions.timeline(Partition(0)).at(0).erased == {samples.subject(1)}
