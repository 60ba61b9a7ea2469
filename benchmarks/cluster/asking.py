"""What the command line of the benchmark asks for, checked."""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from benchmarks.cluster.rates import CONTENDERS

SHORTEST_SESSION_S = 1.0
LEAST = {"events": 60_000, "rounds": 1, "fold": 40_000, "customers": 10_000}
"""With fewer events everything may be in the first checkpoint, from which on rates are counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts, and how large they are."""

    parts: list[str]
    contenders: list[str]
    json: bool
    events: int
    rounds: int
    rate: float | None
    seconds: float
    fold: int
    customers: int
    sessions: list[float]


def asked(words: Sequence[str] | None, parts: Collection[str], about: str | None) -> Asked:
    """Return what ``words`` (the process's own when ``None``) ask for; ends the process with a sentence if they err."""
    parser = _parser(parts, about)
    given = parser.parse_args(words)
    _refuse_unknown(parser, "parts", given.only, parts)
    _refuse_unknown(parser, "contenders", given.without, CONTENDERS)
    for name, least in LEAST.items():
        if getattr(given, name) < least:
            parser.error(f"--{name} is {getattr(given, name)}; give at least {least:,}")
    if given.seconds <= 0 or (given.rate is not None and given.rate <= 0):
        parser.error("--seconds and --rate must be above 0")
    if min(given.sessions) < SHORTEST_SESSION_S:
        parser.error(f"--sessions: the broker takes no session below {SHORTEST_SESSION_S:g} s")
    return Asked(
        parts=[name for name in parts if name in (given.only or parts)],
        contenders=[name for name in CONTENDERS if name not in given.without],
        **{name: getattr(given, name) for name in Asked.__slots__[2:]},
    )


def _parser(parts: Collection[str], about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-kafka", description=about)
    option = parser.add_argument
    option("--json", action="store_true", help="print one JSON object instead of tables")
    option("--only", nargs="+", default=[], metavar="PART", help=f"parts to measure: {', '.join(parts)} (all)")
    option("--without", nargs="+", default=[], metavar="NAME", help=f"contenders left out: {', '.join(CONTENDERS)}")
    option("--events", type=int, default=200_000, help="rates, costs: events each contender reads (200,000)")
    option("--rounds", type=int, default=1, help="rates: how often; medians are printed (1)")
    option("--rate", type=float, help="visible: events a second (half of what a worker keeps up with)")
    option("--seconds", type=float, default=20.0, help="visible: how long events are followed (20)")
    option("--fold", type=int, default=50_000, help="memory, append: events folded at each size, appended (50,000)")
    option("--customers", type=int, default=10_000_000, help="memory: most customers known; 1/10, 1/100 too (10⁷)")
    option("--sessions", type=float, nargs="+", default=[3.0, 6.0, 10.0], help="failover: session timeouts, s (3 6 10)")
    return parser


def _refuse_unknown(parser: argparse.ArgumentParser, what: str, named: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(named) - set(known)):
        parser.error(f"unknown {what} {', '.join(unknown)}; there are {', '.join(known)}")
