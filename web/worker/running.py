"""A worker process: the house it works in, the worker, the ticks, and its port, until a signal comes."""

from models.errors import RessentiError
from streams.settings import Settings
from streams.worker.logs import tame
from streams.worker.wiring import opened_worker
from web.cli.exits import Exit, exit_of
from web.cli.output import say
from web.security import check_address
from web.worker.serving import told_of


def run(settings: Settings) -> None:
    """Work until a signal comes; raises what the worker could not go on from."""
    check_address(settings)
    with opened_worker(settings, code_of) as (house, worker), told_of(worker, settings) as address:
        tame(debug=settings.log_level == "debug")  # not before: what keeps it from starting is said in one sentence
        house.ticking.start()
        try:
            worker.run(lambda: say(f"Ressenti's worker folds {worker.topic} with its group; health: {address}"))
        finally:
            house.ticking.stop()


def code_of(failure: BaseException | None) -> int:
    """Return the exit code of a worker that hangs while stopping."""
    if failure is None:
        return Exit.DONE
    return exit_of(failure) if isinstance(failure, RessentiError) else Exit.OURS
