"""What one look may say of the primary effect: by the always-valid interval at any time, by the planned rule in time.

Before the end only harm, "no worthwhile effect" and "not yet" are said, by the always-valid interval. Success is said
at the end, or before it when the plan's spending boundary is crossed; and only if the design's second opinion agrees.
"""

from dataclasses import dataclass

from experiments.cohorts import Snapshot
from experiments.comparison import Comparison, Found
from experiments.designs import ALPHA
from experiments.estimators import Estimate, NoEstimate
from experiments.holm import holm_levels
from experiments.ledger import Experiment
from experiments.plan import Expected
from experiments.sequential import AlwaysValid, always_valid, e_above
from experiments.spending import Stopping, critical_value, information, nominal_p, p_value
from experiments.states import State
from experiments.verdict import Rule
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class Seen:
    """What the interval rules say at this look; ``level`` is what several primary results leave of 5 % (Holm)."""

    information: float
    final: bool
    always_valid: AlwaysValid | None = None
    harm_e: float | None = None
    planned: tuple[float, float] | None = None
    planned_rule: Rule = "always_valid"
    """Which rule ``planned`` was found by."""
    level: float = ALPHA
    backed: bool = True
    """Whether the design's second opinion does not speak against a success."""

    @property
    def rule(self) -> Rule:
        """Which rule ``interval`` is by."""
        return self.planned_rule if self._reads_planned else "always_valid"

    @property
    def _reads_planned(self) -> bool:
        return self.planned is not None and (self.final or self.success)

    @property
    def success(self) -> bool:
        """The planned rule may speak, its interval lies above zero, and the design's second opinion agrees."""
        return self.planned is not None and self.planned[0] > 0.0 and self.backed

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval a verdict is read from at this look."""
        if self._reads_planned:
            return self.planned
        return None if self.always_valid is None else (self.always_valid.low, self.always_valid.high)


def seen(found: Comparison, snapshot: Snapshot) -> Seen:
    """Return what this look may say."""
    final = _is_final(found.experiment, snapshot, found.design.window)
    share = information(sum(found.mature.values()), found.design.units, _elapsed(found, snapshot.watermark))
    primary = found.primary
    if isinstance(primary, NoEstimate):
        return Seen(share, final)
    tau, df = found.expected.size**2, primary.any_time_df
    rule, level = _rule(found.design.stopping, share), levels(found, share)[0]
    return Seen(
        information=share,
        final=final,
        always_valid=always_valid(primary.value, primary.variance, tau, df=df),
        harm_e=e_above(-primary.value, primary.variance, tau, df),
        planned=planned(found, found.expected, primary, Seen(share, final, level=level)),
        planned_rule=rule,
        level=level,
        backed=backed(found.opinion.p, found.design.stopping, share, level),
    )


def _elapsed(found: Comparison, watermark: Millis) -> float:
    """Return the share of the planned enrolment time whose units are mature; 1 when all of it is.

    After an early stop time goes on and brings no unit: it must not loosen the boundary, so it stops counting.
    """
    reached = watermark - found.design.window
    stopped = found.experiment.stopped_at
    if stopped is not None:
        reached = min(reached, stopped)
    return max(0.0, (reached - found.started_at) / max(1, found.design.end - found.started_at))


def _is_final(experiment: Experiment, snapshot: Snapshot, window: Millis) -> bool:
    """Return whether enrolment has stopped and every unit's window has closed by the watermark."""
    stopped = experiment.stopped_at
    closed = stopped is not None and snapshot.watermark >= stopped + window
    return experiment.state is not State.RUNNING and closed and not snapshot.pending


def _rule(stopping: Stopping, share: float) -> Rule:
    """Return which rule ``planned`` finds its interval by: a fixed plan that ended early has lost its one look."""
    return "always_valid" if stopping == "fixed" and share < 1.0 else stopping


def planned(found: Comparison, expected: Expected, primary: Estimate, at: Seen) -> tuple[float, float] | None:
    """Return the interval of the planned success rule, or ``None`` where that rule may not speak.

    A fixed plan speaks once, at its frozen end. Stopped before, its one look was not the planned one: the
    always-valid interval, which holds at any moment, takes its place.
    """
    stopping, share = found.design.stopping, at.information
    if at.final and _rule(stopping, share) == "always_valid":
        interval = always_valid(primary.value, primary.variance, expected.size**2, at.level, primary.any_time_df)
        return interval.low, interval.high
    if share <= 0.0 or (stopping == "fixed" and not at.final):
        return None
    half = critical_value(stopping, share, primary.df, at.level) * primary.standard_error
    return primary.value - half, primary.value + half


def levels(found: Comparison, share: float) -> list[float]:
    """Return the α at which each primary result is read, the expected one first."""
    results = [(found.expected, found.primary), *((each.expected, each.effect) for each in found.further)]
    return holm_levels([_p(effect, expected, found.design.stopping, share) for expected, effect in results], ALPHA)


def _p(effect: Found, expected: Expected, stopping: Stopping, share: float) -> float:
    """Return the p-value of one primary result by the rule that it would be declared by."""
    if isinstance(effect, NoEstimate) or share <= 0.0:
        return 1.0
    rule = _rule(stopping, share)
    if rule == "always_valid":
        return always_valid(effect.value, effect.variance, expected.size**2, df=effect.any_time_df).p
    return p_value(rule, share, effect.value / effect.standard_error, effect.df)


def backed(p: float | None, stopping: Stopping, share: float, level: float) -> bool:
    """Return whether what else the design could have drawn does not speak against a success at this look.

    ``p`` is the design's second opinion, ``None`` where it has none; ``level`` is what the result is read at.
    """
    if p is None:
        return True
    rule = _rule(stopping, share)
    return p <= (level if rule != "spending" or share <= 0.0 else nominal_p("spending", share, level))
