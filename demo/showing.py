"""Findings as people read them in a terminal, and as one JSON object for programs."""

from dataclasses import asdict

import msgspec

from demo.findings import Findings, GapFound
from models.cells import ScopeScore
from models.gaps.gap import Gap
from web.cli.output import points, say, table

MOST_CAUSES = 3
MOST_GAPS = 6
MOST_CALLS = 5


def show(found: Findings) -> None:
    """Print everything, the story last."""
    _scores(found)
    _gaps(found)
    _calls(found)
    _verdict(found)
    _story(found)


def as_json(found: Findings) -> dict[str, object]:
    """Return the findings as one JSON-ready object."""
    experiment, verdict = found.experiment, found.experiment.verdict
    return {
        "counters": asdict(found.counters),
        "scores": [{"scope": one.scope, **asdict(one.score)} for one in found.scores],
        "gaps": [_gap_json(one) for one in found.gaps],
        "rescues": [asdict(call.row) for call in found.calls],
        "experiment": {
            "id": experiment.id,
            "state": experiment.state.value,
            "verdict": None if verdict is None else msgspec.to_builtins(verdict),
            "true_effect": found.true_effect,
        },
        "story": [asdict(moment) for moment in found.story],
    }


def _gap_json(one: GapFound) -> dict[str, object]:
    gap: dict[str, object] = msgspec.to_builtins(one.gap)
    return {**gap, "planted": one.planted, "planted_since": one.planted_since}


def _scores(found: Findings) -> None:
    rows = [
        (
            _named(one.score.metric, one.scope),
            points(one.score.value),
            _interval(one.score),
            f"{one.score.n:,}",
            f"{one.score.observed_share:.0%}",
            _lines(one.score.causes),
        )
        for one in found.scores
    ]
    table("Scores of the last four weeks", ("score of", "points #", "95 %", "n #", "said %", "lost to"), rows)
    say("")


def _named(metric: str, scope: str) -> str:
    """Return a metric and its scope as few words.

    >>> _named("journey_score", "touchpoint:delivery")
    'delivery journeys'
    """
    unit = metric.removesuffix("_score")
    return f"{scope.partition(':')[2].replace('_', ' ') or scope} {unit}s"


def _interval(score: ScopeScore) -> str:
    return "–" if score.low is None or score.high is None else f"{score.low / 100:.1f} – {score.high / 100:.1f}"


def _lines(causes: dict[str, int]) -> str:
    """Return the largest lines of a ledger in hundredths, as words and points.

    >>> _lines({"wait": 594, "repeated_step": 712, "repaired": -80})
    'repeated step 7.1, wait 5.9'
    """
    largest = sorted(causes.items(), key=lambda line: -line[1])[:MOST_CAUSES]
    return ", ".join(f"{cause.replace('_', ' ')} {lost / 100:.1f}" for cause, lost in largest if lost > 0)


def _gaps(found: Findings) -> None:
    rows = [
        (_gap_named(one.gap), f"{one.gap.judged.shortfall:.1f}", one.gap.since, _gap_causes(one), _planted(one))
        for one in found.gaps[:MOST_GAPS]
    ]
    columns = ("gap", "short by #", "since", "causes found", "causes planted")
    table("Gaps confirmed, next to the planted truth", columns, rows)
    more = len(found.gaps) - len(rows)
    say(f"{max(0, more)} more confirmed; {found.seen} seen that may be chance.\n")


def _gap_named(gap: Gap) -> str:
    against = "its target" if gap.kind == "target" else "its own past"
    return f"{_named(gap.metric, gap.scope)} against {against} ({gap.state.value.replace('_', ' ')})"


def _gap_causes(one: GapFound) -> str:
    """Return what was lost, or what grew when the gap is a drop."""
    return _lines({line.cause: line.lost if one.gap.kind == "target" else line.grew or 0 for line in one.gap.causes})


def _planted(one: GapFound) -> str:
    if not one.planted:
        return "nothing of its own"
    since = f" since {one.planted_since}" if one.planted_since else ""
    return _lines({cause: round(lost * 100) for cause, lost in one.planted.items()}) + since


def _calls(found: Findings) -> None:
    rows = [
        (
            f"{call.row.subject[:9]}…",
            points(call.row.score),
            call.waited // 60_000,
            _lines(call.row.causes),
            call.row.act,
        )
        for call in found.calls[:MOST_CALLS]
    ]
    table("Call these customers now", ("customer", "journey #", "minutes #", "because of", "do"), rows)
    say(f"{len(found.calls)} customers are on the list as of now.\n")


def _verdict(found: Findings) -> None:
    experiment, verdict = found.experiment, found.experiment.verdict
    say(f"Experiment “{experiment.title}”, {experiment.state.value}")
    if verdict is None or verdict.estimate is None or verdict.low is None or verdict.high is None:
        say("  no verdict yet\n")
        return
    inside = "inside" if verdict.low <= found.true_effect <= verdict.high else "outside"
    say(f"  {verdict.english}")
    say(f"  The effect planted is {found.true_effect:+.1f} points, {inside} the interval.")
    say(f"  {experiment.owner} decides; only a verdict and a learning open the next iteration.\n")


def _story(found: Findings) -> None:
    rows, before = [], 100.0
    for moment in found.story:
        now = before if moment.found is None else moment.found
        note = "→ on the rescue list" if moment.rescue else ""
        rows.append((moment.minute, moment.says, f"{now - before:+.1f}" if now != before else "", f"{now:g}", note))
        before = now
    table("The story, event by event", ("minute #", "what happens", "change #", "journey #", ""), rows)
    differ = [moment.minute for moment in found.story if moment.found != moment.told]
    same = "Every score is the one worked by hand beforehand."
    say(f"Not as worked by hand: minutes {differ}." if differ else same)
