"""``python -m tests.simulation``: run schedules, or replay one of them, with every step it took.

``--seeds 1000`` runs the seeds from 0 on; ``--seed 17`` replays one exactly; ``--shorten`` takes out of a failing one
every step it fails without; ``--broken no_rule_2`` breaks a rule on purpose (see ``mutations``). Ends with 1 when
something does not hold.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext

from tests.simulation.mutations import MUTATIONS
from tests.simulation.running import Outcome, run, shortened
from tests.simulation.schedule import drawn


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what ``arguments`` ask; return the exit code."""
    asked = _parser().parse_args(arguments)
    with MUTATIONS[asked.broken].breaks() if asked.broken else nullcontext():
        return _replay(asked.seed, shorten=asked.shorten) if asked.seed is not None else _many(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Deterministic simulation.")
    parser.add_argument("--seeds", type=int, default=1_000, metavar="N", help="how many schedules (1000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first seed (0)")
    parser.add_argument("--seed", type=int, metavar="N", help="replay this one alone, and tell every step")
    parser.add_argument("--shorten", action="store_true", help="take out every step that a failure does not need")
    parser.add_argument("--broken", choices=sorted(MUTATIONS), help="break this rule on purpose")
    return parser


def _replay(seed: int, *, shorten: bool) -> int:
    outcome = run(drawn(seed))
    if shorten and outcome.findings:
        outcome = _short(outcome)
    _say(outcome.told())
    return int(bool(outcome.findings))


def _many(asked: argparse.Namespace) -> int:
    began, failed = time.perf_counter(), 0
    for seed in range(asked.first, asked.first + asked.seeds):
        outcome = run(drawn(seed))
        if outcome.findings:
            failed += 1
            _say((_short(outcome) if asked.shorten else outcome).told())
            _say(f"replay it: python -m tests.simulation --seed {seed}\n")
    seconds = time.perf_counter() - began
    _say(f"{asked.seeds} schedules, {failed} failed, in {seconds:.1f} s ({asked.seeds / seconds:.0f} a second)")
    return int(bool(failed))


def _short(outcome: Outcome) -> Outcome:
    return shortened(outcome.schedule, lambda other: bool(other.checks & outcome.checks))


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
