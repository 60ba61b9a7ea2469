"""The store in memory is as the real ones: whole schedules against both, and in the end the same rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.identifiers import Millis
from store.database import Store
from store.making import LogFacts
from tests.simulation.checks import findings
from tests.simulation.mirrored import MirroredStore, prepare
from tests.simulation.running import quiet
from tests.simulation.schedule import PARTITIONS, drawn
from tests.simulation.world import World
from tests.streams.events import T0

Opened = Callable[[], Store]


def clock() -> Millis:
    return Millis(T0)


@pytest.mark.parametrize("seed", range(4))
def test_a_schedule_leaves_the_same_rows_in_a_data_folder(seed: int, tmp_path: Path) -> None:
    def opened(name: str) -> Store:
        return Store.open(tmp_path / name, partitions=PARTITIONS, clock=clock)

    with opened("real") as real, opened("copy") as copy:
        mirrored(seed, real, copy)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(4, 8))
def test_a_schedule_leaves_the_same_rows_in_postgresql(seed: int, postgres: str, tmp_path: Path) -> None:
    copied = Store.open(tmp_path / "copy", partitions=PARTITIONS, clock=clock)
    with Store.connect(postgres, log=LogFacts("simulated", PARTITIONS), clock=clock) as real, copied as copy:
        mirrored(seed, real, copy)


def mirrored(seed: int, real: Store, copy: Store) -> None:
    """Run a schedule against ``real`` and memory, and compare the rows by writing memory's into ``copy``."""
    schedule = drawn(seed)
    memory = MirroredStore(real, measured=schedule.experiment)
    world = World(schedule, memory)
    with quiet():
        world.run()
    assert findings(world) == []
    prepare(copy, measured=schedule.experiment)
    written = memory.effects()
    for one in written:
        one.epoch = copy.partitions.position(one.partition).epoch
    copy.checkpoint(written)
    assert real.projection().differences(copy.projection()) == []
    assert sum(one.end for one in written) > 20
