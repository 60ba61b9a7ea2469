"""What must hold after each fault, once everything that was acknowledged is folded."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.chaos.ledger import Balance, recounted
from tests.chaos.reference import patiently
from tests.chaos.town import Town
from tests.servers.workers import ROOT, Ground

PATIENCE_SECONDS = 90.0
_TRAILING_SECONDS = 3.0
"""Beyond what was acknowledged there may be copies of what was not, and markers of transactions."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at the whole store found."""

    balance: Balance
    differences: list[str]
    """Sentences of ``ressenti verify``, then where the store differs from the embedded engine's fold."""


def settle(town: Town, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until everything acknowledged is folded, tending the workers; raises ``TimeoutError``."""
    town.feeder.flush()
    end = time.monotonic() + seconds
    while left := _left(town):
        if time.monotonic() > end:
            raise TimeoutError(f"{left} acknowledged records are not folded after {seconds:.0f} s: {_said(town)}")
        town.crew.tend()
        time.sleep(0.1)
    trailing = time.monotonic() + _TRAILING_SECONDS
    while patiently(lambda: town.ground.behind(town.house)) and time.monotonic() < trailing:
        time.sleep(0.1)


def check(town: Town) -> Checked:
    """Hold the store against the account, against itself, and against the embedded engine."""
    differences = [*verified(town.ground), *town.reference.differences(patiently(town.house.store.projection))]
    return Checked(balanced(town), differences)


def balanced(town: Town) -> Balance:
    """Hold the store's counters against the account, and against the log; what is not folded yet counts as lost."""
    positions = patiently(town.house.store.partitions.positions)
    counters = {int(partition): at.counters for partition, at in positions.items()}
    account, recount = town.ledger.balance(counters), recounted(town.reference.received(), counters)
    return account.worse(recount)


def verified(ground: Ground) -> list[str]:
    """Return what ``ressenti verify --json`` finds amiss."""
    done = subprocess.run(
        [sys.executable, "-m", "web.cli.main", "verify", "--json"],
        cwd=ROOT,
        env=ground.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return [f"ressenti verify ended with {done.returncode}: {done.stderr.strip()}"]
    differences: list[str] = found["differences"]
    if (done.returncode == 0, found["ok"], not differences) in {(True, True, True), (False, False, False)}:
        return differences
    return [f"ressenti verify contradicts itself: exit {done.returncode}, {done.stdout.strip()}"]


def _left(town: Town) -> int:
    positions = patiently(town.house.store.partitions.positions)
    at = {int(partition): position.next_offset for partition, position in positions.items()}
    return sum(max(0, end - at.get(partition, 0)) for partition, end in town.ledger.ends().items())


def _said(town: Town) -> str:
    return " | ".join(worker.said[-1_000:] for worker in town.crew.workers)
