"""A worker under the sampler: the real wiring, in this process, until ``EVENTS`` events are folded.

``measure`` runs this module in a process of its own, which says the shares on its last line.
"""

import json
import os
import sys
import threading
import time

from benchmarks.cluster.contenders import ROOT, program
from benchmarks.cluster.ground import STILL, Ground
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.cluster.sampling import MEASURING, Sampler
from benchmarks.figures import Figure
from streams.logging import configure
from streams.settings import read
from streams.worker.logs import tame
from streams.worker.wiring import opened_worker
from streams.worker.worker import Worker

LARGEST = 12
PAUSE_S = 0.05


def measure(ground: Ground) -> Outcome:
    """Fold the whole topic once more under the sampler."""
    environment = {**ground.prepare("costed", **STILL), "EVENTS": str(ground.events), "PYTHONPATH": str(ROOT)}
    shares = json.loads(program([sys.executable, "-m", "benchmarks.cluster.costed"], environment, ground.folder))
    figure = Figure("costs", "where does a worker's processor time go?", {"events": ground.events})
    for stage, share in list(shares.items())[:LARGEST]:
        figure.add(stage, 100 * share, "%", "of the worker's processor time, sampled; broker and database left out")
    return Outcome(figure, {"largest_costs": {stage: rounded(share) for stage, share in shares.items()}})


def _watch(worker: Worker, sampler: Sampler, events: int) -> None:
    """Sample from the first checkpoint to the last, and have the worker stop."""
    while not worker.progress.offsets:
        time.sleep(PAUSE_S)
    with sampler.sampling():
        while worker.progress.offsets < events:
            time.sleep(PAUSE_S)
    worker.ask_to_stop()


def main() -> None:
    """Work as ``web.worker.running`` does, without a port, and say where the time went."""
    settings = read()
    configure(settings)
    tame()
    sampler = Sampler()
    with opened_worker(settings, lambda _: 1) as (house, worker):
        events = int(os.environ["EVENTS"])
        watching = threading.Thread(target=_watch, args=(worker, sampler, events), name=MEASURING, daemon=True)
        house.ticking.start()
        try:
            worker.run(watching.start)
        finally:
            house.ticking.stop()
    sys.stdout.write(json.dumps(sampler.shares()) + "\n")


if __name__ == "__main__":
    main()
