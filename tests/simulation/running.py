"""Running schedules: one by its seed, many in a row, and a failing one made short."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from streams.garbage import undisturbed
from tests.simulation.checks import Finding, findings
from tests.simulation.schedule import Schedule, drawn
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one schedule."""

    schedule: Schedule
    findings: tuple[Finding, ...]
    trace: tuple[str, ...]

    @property
    def checks(self) -> frozenset[str]:
        """The names of the checks that found something."""
        return frozenset(finding.check for finding in self.findings)

    def told(self) -> str:
        """Return the seed, the schedule as it happened, and what does not hold, for people."""
        found = "\n".join(f"  {check}: {sentence}" for check, sentence in self.findings) or "  all holds"
        return "\n".join([f"seed {self.schedule.seed}, {self.schedule.kind}:", *self.trace, "found:", found])


def run(schedule: Schedule) -> Outcome:
    """Run ``schedule`` and check what it left; whatever the code under test raises is a finding."""
    world = World(schedule)
    try:
        with undisturbed(), quiet():
            world.run()
            found = findings(world)
    except Exception as error:  # noqa: BLE001 - a worker that dies of an error of ours is what we look for
        found = [Finding("broken", f"{type(error).__name__}: {error}")]
    return Outcome(schedule, tuple(found), tuple(world.trace))


@contextmanager
def quiet() -> Iterator[None]:
    """Let nothing be logged in the block: fences are the point of it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def failing(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Yield the outcome of each of ``seeds`` in which something does not hold."""
    for seed in seeds:
        outcome = run(drawn(seed))
        if outcome.findings:
            yield outcome


def shortened(schedule: Schedule, fails: Callable[[Outcome], bool]) -> Outcome:
    """Return the outcome of ``schedule`` without the steps that it also fails without, taken out little by little."""
    best = run(schedule)
    size = max(1, len(schedule.steps) // 2)
    while True:
        before = len(best.schedule.steps)
        best = _thinned(best, size, fails)
        if size == 1 and len(best.schedule.steps) == before:
            return best
        size = max(1, size // 2)


def _thinned(best: Outcome, size: int, fails: Callable[[Outcome], bool]) -> Outcome:
    """Return ``best`` without those runs of ``size`` steps that it fails without."""
    at = 0
    while at < len(best.schedule.steps):
        outcome = run(best.schedule.without(at, at + size))
        if fails(outcome):
            best = outcome
        else:
            at += size
    return best
