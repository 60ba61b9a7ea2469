"""Where the processor's time goes: the running stack, looked at every two milliseconds of it, by stage of the job.

Sampling by ``SIGPROF`` costs two per cent; ``cProfile`` would make every call dear and so favour the wrong places.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

EVERY_S = 0.002

STAGES: dict[tuple[str, str], str] = {
    ("store/log", "read"): "read the log",
    ("streams/arrivals", "read"): "decode, validate and group by customer",
    ("store/customers", "load"): "read customers' rows",
    ("streams/customers", "continued"): "unpack customers' rows",
    ("streams/customers", "take"): "order, dedupe and freeze facts",
    ("streams/customers", "_refresh"): "journeys, scores, ledgers and rescues",
    ("streams/customers", "close"): "pack customers' rows",
    ("streams/gathering", "gather"): "gather effects and differences",
    ("streams/cells", "expanded"): "sum differences into cells",
    ("store/cell_rows", "add_cells"): "add to stored cells",
    ("store/customers", "write_customers"): "write customers' rows",
    ("store/journeys", "write_journeys"): "write journeys' rows",
    ("store/checkpoint", "write_rows"): "write everything else",
    ("store/checkpoint", "checkpoint"): "begin and commit",
}
"""(module, function) → the stage it is the outermost part of; the innermost stage on the stack gets the sample."""


class Costs:
    """Samples by stage; ``shares`` when done."""

    def __init__(self) -> None:
        self._samples: Counter[str] = Counter()

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Look at the main thread's stack until the block ends; only the main thread may do so."""
        before = signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def shares(self) -> dict[str, float]:
        """Return each stage's share of the samples, the largest first."""
        total = self._samples.total()
        return {stage: count / total for stage, count in self._samples.most_common()} if total else {}

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        self._samples[stage_of(frame, STAGES)] += 1


def stage_of(frame: FrameType | None, stages: Mapping[tuple[str, str], str]) -> str:
    """Return the stage of the innermost call on the stack under ``frame`` that is in ``stages``."""
    while frame is not None:
        code = frame.f_code
        module = "/".join(code.co_filename.removesuffix(".py").split("/")[-2:])
        stage = stages.get((module, code.co_name))
        if stage is not None:
            return stage
        frame = frame.f_back
    return "everything else"
