"""``ressenti experiment analyse``: somebody else's experiment, from a file, by the engine that judges our own."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from experiments.analysis import summaries, unit_looks
from experiments.analysis.judging import Expectation, Judged, JudgedLook, Terms, judge
from experiments.analysis.peeking import naive, ours, summarised
from experiments.analysis.rows import rows_of
from experiments.analysis.streams import Stream
from experiments.measures import Measure
from experiments.sample_ratio import BROKEN
from experiments.sentences import Wording, english, french
from experiments.verdict import Verdict
from models.errors import InvalidInput
from models.identifiers import Millis
from web.cli.output import JsonOption, emit_json, say, table
from web.cli.tables_read import opened_text


def analyse(
    file: Annotated[Path, typer.Argument(help="A table of units, or of cumulated summaries; .csv or .csv.gz.")],
    expected: Annotated[
        list[str] | None,
        typer.Option("--expected", help="The effect expected: 0.5, 2%, or METRIC=0.5; once for each metric."),
    ] = None,
    down: Annotated[list[str] | None, typer.Option("--down", help="A metric that is good when it falls.")] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="Only this metric.")] = None,
    control: Annotated[str | None, typer.Option("--control", help="The control arm of a table of units.")] = None,
    shares: Annotated[str, typer.Option("--shares", help="The designed ratio, control first.")] = "1:1",
    looks: Annotated[bool, typer.Option("--looks", help="Every look, not only the last.")] = False,
    peeking: Annotated[bool, typer.Option("--naive", help="Only what a naive peeker would have declared.")] = False,
    running: Annotated[bool, typer.Option("--running", help="The last look is not the end.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Estimates even where the sample ratio is broken.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Evaluate an outside experiment: interval, always-valid p, verdict and sample ratio of each comparison.

    A table of units has the columns unit, arm and one a metric; optional are experiment, day, outcome_day, cluster and
    METRIC_pre. A table of summaries has experiment_id, variant_id, metric_id, time_since_start, and count, mean and
    variance of both arms, cumulated: count_c, mean_c, variance_c, count_t, mean_t, variance_t.
    """
    terms = Terms(
        expected=_expectations(expected or ()),
        down=frozenset(down or ()),
        shares=_shares(shares),
        running=running,
        reveal=reveal,
    )
    streams = _streams(file, control, metric or ())
    _known(terms, metric or (), streams)
    judged = [judge(stream, terms) for stream in streams]
    found = summarised(judged, BROKEN)
    if as_json and peeking:
        emit_json(_summary(judged))
    elif as_json:
        emit_json([_object(each, look, terms) for each in judged for look in _shown(each, every=looks)])
    else:
        if not peeking:
            _print(judged, terms, every=looks)
        say(found.sentence)


def _streams(file: Path, control: str | None, metrics: Sequence[str]) -> list[Stream]:
    with opened_text(file) as lines:
        rows = rows_of(lines, file.name)
        if summaries.is_summaries(rows.columns):
            return list(summaries.streams(rows, file.name, metrics))
        return list(unit_looks.streams(rows, file.name, control, metrics))


def _known(terms: Terms, wanted: Sequence[str], streams: Sequence[Stream]) -> None:
    """Raise ``InvalidInput`` for an option about a metric that is not there: a slip would turn a verdict round."""
    there = {stream.metric for stream in streams}
    for option, named in (("--metric", set(wanted)), ("--down", terms.down), ("--expected", {*terms.expected} - {""})):
        if unknown := sorted(named - there):
            raise InvalidInput(f"{option}: {unknown[0]!r} is no metric of the file; it has {', '.join(sorted(there))}")


def _expectations(given: Iterable[str]) -> dict[str, Expectation]:
    found: dict[str, Expectation] = {}
    for text in given:
        metric, _, size = text.rpartition("=")
        found[metric] = Expectation.read(size)
    return found


def _shares(text: str) -> tuple[float, float]:
    try:
        control, treatment = (float(part) for part in text.split(":"))
    except ValueError:
        control = treatment = 0.0
    if not (0.0 < control < math.inf and 0.0 < treatment < math.inf):
        raise InvalidInput(f"--shares: {text!r} is no ratio; write 1:1 or 9:1, the control first")
    return control, treatment


def _shown(judged: Judged, *, every: bool) -> Iterable[JudgedLook | None]:
    """Return the looks to tell of; ``None`` stands for a comparison of which no look can be used, and says why."""
    if every and judged.looks:
        return judged.looks
    return (judged.looks[-1] if judged.looks else None,)


def _object(judged: Judged, look: JudgedLook | None, terms: Terms) -> dict[str, object]:
    """Return one comparison at one look, as programs read it; ``null`` where nothing may be said."""
    stream = judged.stream
    which = {"experiment": stream.experiment, "variant": stream.variant, "metric": stream.metric}
    peeked = {"naive": _declared(judged, by_us=False), "ours": _declared(judged, by_us=True)}
    flags: dict[str, object] = {"flags": list(stream.flags)}
    if look is None:
        nothing = dict.fromkeys(("estimate", "low", "high", "p_always_valid", "sample_ratio_e"))
        reason = {"reason": "no look can be used: see the flags"}
        return {**which, "looks": 0, **nothing, "verdict": "invalid", **reason, **peeked, **flags}
    return {**which, "looks": len(stream.looks), **_figures(judged, look, terms), **peeked, **flags}


def _figures(judged: Judged, look: JudgedLook, terms: Terms) -> dict[str, object]:
    found, interval = look.estimate, look.interval
    words = _sentences(judged, look, terms)
    return {
        "time": look.look.time,
        "line": look.look.line,
        "units_control": look.look.enrolled[0],
        "units_treatment": look.look.enrolled[1],
        "control": None if found is None else found.control,
        "treatment": None if found is None else found.treatment,
        "estimate": None if found is None else found.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "p_always_valid": None if interval is None else interval.p,
        "p_fixed": None if found is None else found.p_value,
        "verdict": look.verdict.value,
        "reason": look.reason,
        "sample_ratio_e": look.sample_ratio_e,
        "harm_e": look.harm_e,
        "expected": judged.expected,
        "expected_assumed": judged.assumed,
        "worthwhile": judged.worthwhile,
        "english": words[0],
        "french": words[1],
    }


def _sentences(judged: Judged, look: JudgedLook, terms: Terms) -> tuple[str, str]:
    """Return the look's verdict in English and in French."""
    metric = judged.stream.metric
    sign = -1 if metric in terms.down else 1
    found, interval = look.estimate, look.interval
    low, high = (None, None) if interval is None else sorted((interval.low * sign, interval.high * sign))
    said = Verdict(
        kind=look.verdict,
        final=not terms.running,
        at=Millis(0),
        watermark=Millis(0),
        grade="A",
        expected=judged.expected or 0.0,
        worthwhile=judged.worthwhile or 0.0,
        reason=look.reason,
        estimate=None if found is None else found.value * sign,
        low=low,
        high=high,
    )
    wording = Wording(Measure(metric, "mean", 1.0, metric, metric), sign)
    return english(said, wording), french(said, wording)


def _declared(judged: Judged, *, by_us: bool) -> dict[str, bool]:
    found = ours(judged) if by_us else naive(judged)
    return {"declared": found.declared, "reversed": found.reversed}


def _summary(judged: Sequence[Judged]) -> dict[str, object]:
    found = summarised(judged, BROKEN)
    return {
        "comparisons": found.streams,
        "usable": found.usable,
        "sample_ratio_broken": found.broken,
        "naive_declared": found.naive_declared,
        "naive_reversed": found.naive_reversed,
        "declared": found.declared,
        "reversed": found.reversed,
        "sentence": found.sentence,
    }


def _print(judged: Sequence[Judged], terms: Terms, *, every: bool) -> None:
    rows = [_line(_object(each, look, terms)) for each in judged for look in _shown(each, every=every)]
    names = ("experiment", "variant", "metric", "time", "estimate", "between", "p", "sample ratio e", "verdict")
    table("Verdicts", names, rows)
    assumed = sum(each.assumed and each.expected is not None for each in judged)
    if assumed:
        say(
            f"No effect was expected in {assumed} comparisons: 2.8 standard errors of their last look stand in, what "
            "its size finds with 80 % power. Give --expected to judge by yours."
        )
    for each in judged:
        for flag in each.stream.flags:
            say(f"{each.stream.experiment} {each.stream.variant} {each.stream.metric}: {flag}")


def _line(shown: dict[str, object]) -> tuple[object, ...]:
    between = None if shown["low"] is None else f"{shown['low']:.4g} to {shown['high']:.4g}"
    figures = [None if shown.get(name) is None else f"{shown[name]:.4g}" for name in ("time", "estimate")]
    p, ratio = (None if shown[n] is None else f"{shown[n]:.3g}" for n in ("p_always_valid", "sample_ratio_e"))
    return (shown["experiment"], shown["variant"], shown["metric"], *figures, between, p, ratio, shown["verdict"])
