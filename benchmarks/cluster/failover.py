"""How long events wait when one of two workers is gone, killed or asked to stop, against the session timeout.

Two workers share a topic under a steady load. The pause is the longest time during which none of the partitions that
were the gone worker's moved in the store.
"""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from subprocess import Popen

from benchmarks.cluster.crowd import PARTITIONS
from benchmarks.cluster.feeding import fed
from benchmarks.cluster.ground import TOPIC, Ground
from benchmarks.cluster.group import Group
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.cluster.pauses import Moves, pause
from benchmarks.cluster.workers import Workers, running
from benchmarks.figures import Figure
from benchmarks.workload import Shape
from demo.envelopes import keyed

PREFIX = "failover."
RATE = 2_000
"""Events a second; a worker alone folds several times as many."""
CUSTOMERS = 6_000
HEARTBEATS = 3
SETTLE_S = 2.0
PATIENCE_S = 60.0
LOOK_S = 0.05
ENDLESS = 1 << 40


@dataclass(frozen=True, slots=True)
class Scene:
    """Workers, their group, and who watches the store."""

    workers: Workers
    group: Group
    moves: Moves
    session: float

    def settled(self, count: int) -> dict[str, frozenset[int]]:
        """Wait until ``count`` workers share all partitions, and each of these moves."""
        members = self.group.settled(count, PARTITIONS, PATIENCE_S + self.session)
        self.moved(range(PARTITIONS))
        return members

    def moved(self, partitions: Sequence[int] | frozenset[int]) -> None:
        """Wait until each of ``partitions`` has moved from now on; raises ``TimeoutError``."""
        now = time.monotonic()
        while not set(partitions) <= self.moves.since(now):
            self.workers.check()
            if time.monotonic() - now > PATIENCE_S:
                raise TimeoutError(f"partitions {sorted(set(partitions) - self.moves.since(now))} do not move")
            time.sleep(LOOK_S)


def measure(ground: Ground, sessions: Sequence[float]) -> Outcome:
    """Ask one worker to stop and kill another, for each session timeout (s) of ``sessions``."""
    ground.prepare("failover", PREFIX)
    pairs = keyed(Shape(ENDLESS, CUSTOMERS).stream())
    found = {}
    with fed(ground.broker.bootstrap, PREFIX + TOPIC, pairs, RATE):
        for session in sessions:
            found[session] = _pauses(ground, session)
    return _told(found)


def _pauses(ground: Ground, session: float) -> dict[signal.Signals, float]:
    """Return the pause (s) after each signal."""
    group = f"session-{session:g}"
    environment = ground.environment(
        "failover",
        PREFIX,
        RESSENTI_LOG_LEVEL="error",  # that the group shares anew is no news here
        RESSENTI_WORKER_GROUP=group,
        RESSENTI_WORKER_SESSION_SECONDS=f"{session:g}",
        RESSENTI_WORKER_HEARTBEAT_SECONDS=f"{session / HEARTBEATS:.3f}",
    )
    with (
        running(environment) as workers,
        Group(ground.broker.bootstrap, PREFIX + group) as members,
        Moves(ground.cluster.url("failover")) as moves,
    ):
        scene = Scene(workers, members, moves, session)
        return {by: _pause(scene, by) for by in (signal.SIGTERM, signal.SIGKILL)}


def _pause(scene: Scene, by: signal.Signals) -> float:
    """Add a second worker, send the first ``by``, and return the pause (s) of its partitions."""
    victim: Popen[bytes] = scene.workers.started[-1]
    (name,) = scene.settled(1)
    scene.workers.start()
    held = scene.settled(2)[name]
    time.sleep(SETTLE_S)
    start = time.monotonic()
    victim.send_signal(by)
    scene.group.settled(1, PARTITIONS, PATIENCE_S + scene.session)
    scene.moved(held)
    return pause(scene.moves.seen(), held, start, time.monotonic())


def _told(found: dict[float, dict[signal.Signals, float]]) -> Outcome:
    figure = Figure("failover", "how long do a gone worker's partitions wait?", {"events/s": RATE, "workers": 2})
    for session, pauses in found.items():
        killed, asked = pauses[signal.SIGKILL], pauses[signal.SIGTERM]
        figure.add(f"session {session:g} s, killed", killed, "s", f"{killed / session:.2f} × the session timeout")
        figure.add(f"session {session:g} s, asked to stop", asked, "s", f"{asked / session:.2f} × the session timeout")
    named: dict[str, object] = {
        "failover_pause_s": {f"{s:g}": rounded(p[signal.SIGKILL]) for s, p in found.items()},
        "failover_pause_sessions": {f"{s:g}": rounded(p[signal.SIGKILL] / s) for s, p in found.items()},
        "graceful_stop_pause_s": {f"{s:g}": rounded(p[signal.SIGTERM]) for s, p in found.items()},
    }
    return Outcome(figure, named)
