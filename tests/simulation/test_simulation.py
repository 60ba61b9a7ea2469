"""A thousand schedules of trouble, and nothing is lost or doubled; break a rule, and one of them notices.

A failing seed prints its schedule and replays exactly: ``python -m tests.simulation --seed N`` (see ``__main__``).
"""

from dataclasses import replace

import pytest

from models.identifiers import Offset
from tests.simulation.__main__ import main
from tests.simulation.mutations import MUTATIONS
from tests.simulation.oracle import EVERYTHING
from tests.simulation.running import failing, quiet, run, shortened
from tests.simulation.schedule import PARTITIONS, drawn
from tests.simulation.world import World
from tests.streams.comparing import canonical
from tests.streams.reference import Reference

SEEDS = 1_000
PARTS = 10
FIRST = 400
"""Within how many seeds a broken rule must be noticed."""


@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, PARTS))])
def test_nothing_is_lost_and_nothing_doubled_whatever_happens(part: int) -> None:
    for outcome in failing(range(part * SEEDS // PARTS, (part + 1) * SEEDS // PARTS)):
        pytest.fail(outcome.told())


def test_the_slow_reference_says_the_same() -> None:
    """What schedules are compared with is the fold itself; here it is what sorts all facts after every record."""
    compared = 0
    for seed in range(60):
        world = World(drawn(seed))
        with quiet():
            world.run()
        if world.store.erasures or any(len(steps) > 1 for steps in world.store.steps.values()) or poisoned(world):
            continue  # the reference knows one set of definitions, and no poison
        compared += 1
        for effects in world.store.effects():
            reference = Reference(world.store.definitions, effects.partition, PARTITIONS)
            for record in world.log.read(effects.partition, Offset(0), EVERYTHING).records:
                reference.take(record)
            reference.counters.skipped = effects.counters.skipped  # it sees records only
            assert canonical(effects) == canonical(reference.effects(effects.end))
    assert compared >= 3


def poisoned(world: World) -> bool:
    return any(letter.code == "poison" for letter in world.store.tables.dead_letters.values())


@pytest.mark.parametrize("broken", MUTATIONS)
def test_a_broken_rule_is_noticed(broken: str) -> None:
    mutation = MUTATIONS[broken]
    with mutation.breaks():
        found = next((o for o in failing(range(FIRST)) if o.checks & mutation.noticed), None)
    assert found is not None, f"{broken}: none of the first {FIRST} schedules notices by {set(mutation.noticed)}"
    assert not run(found.schedule).findings, "with the rule, the same schedule must hold"


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_replays_exactly(seed: int) -> None:
    one, other = run(drawn(seed)), run(drawn(seed))
    assert one.schedule == other.schedule
    assert one.trace == other.trace
    assert len(one.trace) > len(set(one.trace[:1]))


def test_a_failing_schedule_is_made_short() -> None:
    with MUTATIONS["no_rule_2"].breaks():
        found = next(failing(range(FIRST)))
        short = shortened(found.schedule, lambda outcome: bool(outcome.checks & found.checks))
        assert short.checks & found.checks
        for at in range(len(short.schedule.steps)):
            assert not run(short.schedule.without(at, at + 1)).checks & found.checks, "every step left is needed"
    assert len(short.schedule.steps) < len(found.schedule.steps) / 4
    assert replace(short.schedule, steps=()) == replace(found.schedule, steps=())


def test_the_command_tells_a_failing_seed_and_how_to_replay_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "3"]) == 0
    assert "3 schedules, 0 failed" in capsys.readouterr().out
    with MUTATIONS["no_reconciler"].breaks():
        seed = next(failing(range(FIRST))).schedule.seed
    assert main(["--broken", "no_reconciler", "--first", str(seed), "--seeds", "1"]) == 1
    told = capsys.readouterr().out
    assert f"python -m tests.simulation --seed {seed}" in told
    assert main(["--broken", "no_reconciler", "--seed", str(seed), "--shorten"]) == 1
    replayed = capsys.readouterr().out
    assert replayed.startswith(f"seed {seed}, pushed:")
    assert "stuck: " in replayed
