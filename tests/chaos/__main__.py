"""``make chaos``: faults on a real Apache Kafka and a real PostgreSQL, and what was lost or doubled by them.

Each fault once, or with ``--seconds`` as many as begin within so long; ``--seed`` draws their order and what is random
in them, ``--only`` names some of them, ``--json`` ends with one object. Ends with 1 when anything was lost, doubled or
different, 4 without servers to start.
"""

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence

import structlog

from deploy.kafka.jars import NoKafka
from deploy.postgres.cluster import NoServer
from tests.chaos.campaign import Asked, Outcome, run
from tests.chaos.faults import FAULTS
from tests.chaos.telling import as_json, row, table
from tests.chaos.town import town

_NO_SERVERS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign that ``arguments`` ask for; return the exit code."""
    given = _parser().parse_args(arguments)
    _quieten()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers and workers end with us
    asked = Asked(given.seconds, given.seed, given.only)
    try:
        with town(asked.seed) as place:
            outcomes = run(place, asked, _tell)
            revived = place.crew.revived
    except (NoKafka, NoServer) as missing:
        sys.stderr.write(f"{missing}\n")
        return _NO_SERVERS
    _conclude(outcomes, revived, asked)
    sys.stdout.write(table(outcomes) + "\n")
    if given.json:
        sys.stdout.write(as_json(outcomes) + "\n")
    return int(not all(outcome.ok for outcome in outcomes))


def _quieten() -> None:
    """Keep what our own parts say off the table: that servers go away is no news here."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description="Faults on real servers; nothing lost or doubled.")
    parser.add_argument("--seconds", type=float, metavar="N", help="go on for so long (default: each fault once)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which faults, in which order (1)")
    parser.add_argument(
        "--only", action="append", choices=sorted(FAULTS), default=[], help="only this; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="end with one object for programs")
    return parser


def _tell(outcome: Outcome) -> None:
    sys.stderr.write("  ".join((time.strftime("%T"), *row(outcome))) + "\n")
    for sentence in outcome.wrong:
        sys.stderr.write(f"    {sentence}\n")
    sys.stderr.flush()


def _conclude(outcomes: Sequence[Outcome], revived: Sequence[str], asked: Asked) -> None:
    """Say what the table has no room for."""
    for said in revived:
        sys.stderr.write(f"a worker ended by itself and was started anew; its last words: {said}\n")
    if not all(outcome.ok for outcome in outcomes):
        sys.stderr.write(f"the same faults again: make chaos ARGS='--seed {asked.seed}'\n")


if __name__ == "__main__":
    sys.exit(main())
