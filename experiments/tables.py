"""Every table behind a verdict, as plain columns and rows: what somebody needs to check it with other tools.

Effects are in the metric's unit with good positive, levels as measured. Where the sample ratio is broken every figure
that would betray an effect is left out, as it is on the page. One row a unit is the store's to give (``units``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from experiments.cohorts import Snapshot, columns_of
from experiments.evaluation import Evaluation, evaluate
from experiments.ledger import Experiment
from experiments.maturing import Cohort
from experiments.measures import measure_of
from models.identifiers import DAY, Millis

Cell = str | int | float | bool | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the names of its columns, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def objects(self) -> list[dict[str, Cell]]:
        """Return the rows as objects."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Behind:
    """What the tables are made of: the record, what its evaluation looked at, and what it said."""

    experiment: Experiment
    snapshot: Snapshot | None
    evaluation: Evaluation | None

    @property
    def hidden(self) -> bool:
        """Whether no effect may be shown."""
        return self.evaluation is not None and self.evaluation.hidden


def sheets(behind: Behind) -> dict[str, Sheet]:
    """Return every table by name, those of the data only once the experiment was started."""
    return {name: Sheet(columns, tuple(rows(behind))) for name, (columns, rows) in _SHEETS.items()}


def _verdict(behind: Behind) -> Iterator[Row]:
    verdict = behind.experiment.verdict or (behind.evaluation.verdict if behind.evaluation is not None else None)
    if verdict is None:
        return
    yield (
        *(behind.experiment.id, verdict.kind.value, verdict.final, verdict.at, verdict.watermark, verdict.grade),
        *(verdict.expected, verdict.worthwhile, verdict.estimate, verdict.low, verdict.high, verdict.rule),
        *(verdict.sample_ratio_e, verdict.harm_e, verdict.worked, verdict.fidelity, verdict.english, verdict.french),
    )


def _effects(behind: Behind) -> Iterator[Row]:
    """Yield the primary effect, the further ones, the guardrails and the mechanism."""
    evaluation, expected = behind.evaluation, behind.experiment.plan.expected
    if evaluation is None or expected is None:
        return
    found, interval = evaluation.estimate, evaluation.always_valid
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    if found is not None:
        levels = (found.control, found.treatment, found.n_control, found.n_treatment)
        yield ("expected", expected.metric, found.value, found.standard_error, found.df, low, high, *levels)
    for result in evaluation.verdict.further:
        yield ("further", result.metric, result.value, None, None, result.low, result.high, *_NO_LEVELS)
    for guard in evaluation.guardrails:
        yield ("guardrail", guard.metric, guard.value, None, None, guard.low, guard.high, *_NO_LEVELS)
    moved, mechanism = evaluation.mechanism, behind.experiment.plan.mechanism
    if moved is not None and mechanism is not None:
        levels = (moved.control, moved.treatment, moved.n_control, moved.n_treatment)
        yield ("mechanism", mechanism.metric, moved.value, moved.standard_error, moved.df, None, None, *levels)


def _arms(behind: Behind) -> Iterator[Row]:
    """Yield each arm's share by design, its units, and the level of the expected metric among the mature ones."""
    design, snapshot = behind.experiment.plan.design, behind.snapshot
    if design is None or snapshot is None:
        return
    everybody = sum(snapshot.enrolled.values())
    for arm, share in zip(design.arms, design.shares, strict=True):
        enrolled = snapshot.enrolled.get(arm.name, 0)
        mature = sum(c.moments.n for c in snapshot.cohorts if c.arm == arm.name)
        level = None if behind.hidden else _level(behind.experiment, snapshot, arm.name)
        yield (arm.name, share, enrolled, enrolled / everybody if everybody else None, mature, level)


def _level(experiment: Experiment, snapshot: Snapshot, arm: str) -> float | None:
    """Return the arm's value of the expected metric, in its unit; ``None`` where nothing was measured."""
    expected = experiment.plan.expected
    moments = snapshot.arm(arm, len(columns_of(experiment)))
    if expected is None or not moments.n:
        return None
    measure, (total, count) = measure_of(expected.metric), moments.means[:2]
    if measure.kind == "mean":
        return float(total) * measure.scale
    return float(total / count) * measure.scale if count else None


def _cohorts(behind: Behind) -> Iterator[Row]:
    """Yield one row a cohort and column: its mean among the cohort's mature units."""
    for cohort in behind.snapshot.cohorts if behind.snapshot is not None else ():
        means = cohort.moments.means.tolist()
        for column, mean in zip(columns_of(behind.experiment), means, strict=True):
            shown = None if behind.hidden else mean
            yield (cohort.arm, cohort.day, cohort.cluster, cohort.moments.n, cohort.crossed, column, shown)


def _covariances(behind: Behind) -> Iterator[Row]:
    """Yield each arm's covariance of every pair of columns, over all mature units."""
    design, snapshot = behind.experiment.plan.design, behind.snapshot
    if design is None or snapshot is None or behind.hidden or not snapshot.cohorts:
        return
    columns = columns_of(behind.experiment)
    for arm in design.arms:
        found = snapshot.arm(arm.name, len(columns)).value
        if found is None:
            continue
        for i, one in enumerate(columns):
            for j, other in enumerate(columns[i:], start=i):
                yield (arm.name, one, other, float(found[i, j]))


def _readings(behind: Behind) -> Iterator[Row]:
    """Yield the sums of each cluster and period, where those are randomised instead of customers."""
    for reading in behind.snapshot.readings if behind.snapshot is not None else ():
        for column, value in zip(columns_of(behind.experiment), reading.values, strict=True):
            yield (reading.cluster, reading.period, reading.units, column, value)


def _looks(behind: Behind) -> Iterator[Row]:
    """Yield what a look at the end of each cohort's window says, at the units that are mature then."""
    experiment, snapshot = behind.experiment, behind.snapshot
    design = experiment.plan.design
    if snapshot is None or design is None or design.layout is not None:
        return
    for day in sorted({cohort.day for cohort in snapshot.cohorts}):
        at = Millis(min(day + DAY + design.window, snapshot.watermark))
        yield _look(evaluate(experiment, _as_of(snapshot, day, at), at))


def _as_of(snapshot: Snapshot, day: Millis, at: Millis) -> Snapshot:
    mature: tuple[Cohort, ...] = tuple(cohort for cohort in snapshot.cohorts if cohort.day <= day)
    enrolled = dict.fromkeys(snapshot.enrolled, 0)
    for cohort in mature:
        enrolled[cohort.arm] += cohort.moments.n + cohort.crossed
    last = at >= snapshot.watermark
    return replace(
        snapshot,
        cohorts=mature,
        enrolled=dict(snapshot.enrolled) if last else enrolled,
        pending=snapshot.pending if last else 0,
        watermark=at,
    )


def _look(found: Evaluation) -> Row:
    interval, estimate = found.always_valid, found.estimate
    return (
        *(found.watermark, sum(found.mature.values()), found.information),
        *((None, None) if estimate is None else (estimate.value, estimate.standard_error)),
        *((None,) * 4 if interval is None else (interval.low, interval.high, interval.e, interval.p)),
        *(found.planned_low, found.planned_high, found.harm_e, found.sample_ratio_e, found.verdict.kind.value),
    )


def _evidence(behind: Behind) -> Iterator[Row]:
    for cause in behind.experiment.plan.causes:
        for proof in cause.evidence:
            yield (cause.statement, cause.cause, "evidence", proof.kind, proof.statement, proof.reference, "")
        for rival in cause.rivals:
            yield (
                *(cause.statement, cause.cause, "rejected rival", "", rival.statement),
                *(rival.reference, rival.rejected_because),
            )


def _fidelity(behind: Behind) -> Iterator[Row]:
    yield from ((c.at, c.by, c.done, c.of, c.note) for c in behind.experiment.fidelity_checks)


def _audit(behind: Behind) -> Iterator[Row]:
    for e in behind.experiment.audit:
        yield (e.at, e.actor, e.role.value, e.act, e.before.value, e.after.value, e.note)


_NO_LEVELS = (None, None, None, None)
_SHEETS: dict[str, tuple[tuple[str, ...], Callable[[Behind], Iterator[Row]]]] = {
    "verdict": (
        (
            *("experiment", "verdict", "final", "at", "watermark", "grade", "expected", "worthwhile", "estimate"),
            *("low", "high", "rule", "sample_ratio_e", "harm_e", "worked", "fidelity", "english", "french"),
        ),
        _verdict,
    ),
    "effects": (
        (
            *("of", "metric", "effect", "standard_error", "df", "low", "high"),
            *("control", "treatment", "n_control", "n_treatment"),
        ),
        _effects,
    ),
    "arms": (("arm", "designed_share", "enrolled", "share", "mature", "level"), _arms),
    "looks": (
        (
            *("at", "mature", "information", "estimate", "standard_error", "low", "high", "e", "p"),
            *("planned_low", "planned_high", "harm_e", "sample_ratio_e", "verdict"),
        ),
        _looks,
    ),
    "cohorts": (("arm", "day", "cluster", "units", "crossed", "column", "mean"), _cohorts),
    "covariances": (("arm", "column", "with", "covariance"), _covariances),
    "readings": (("cluster", "period", "units", "column", "sum"), _readings),
    "evidence": (("cause", "ledger_cause", "what", "kind", "statement", "reference", "rejected_because"), _evidence),
    "fidelity": (("at", "by", "done", "of", "note"), _fidelity),
    "audit": (("at", "actor", "role", "act", "before", "after", "note"), _audit),
}

NAMES = tuple(_SHEETS)
"""The tables there are, in the order they are best read in."""
