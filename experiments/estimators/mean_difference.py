"""The difference of two means, arms with unequal variances (Welch)."""

from experiments.estimators.estimate import Counted, Estimate, NoEstimate, no_variance, too_few, varies, welch_df
from experiments.moments import Variance


def mean_difference(control: Variance, treatment: Variance) -> Estimate | NoEstimate:
    """Return mean(treatment) − mean(control) with variance s²_c/n_c + s²_t/n_t.

    Source: Welch (1947). NPS is this on {−100, 0, 100}.

    >>> mean_difference(Variance.given(40, 10.0, 4.0), Variance.given(40, 11.0, 4.0)).variance
    0.2
    """
    return too_few(control.n, treatment.n) or welch(control, treatment)


def welch(control: Variance, treatment: Variance, counted: Counted = "units") -> Estimate | NoEstimate:
    """Return the same for arms of any size from two on: who calls it has seen to it that they are large enough."""
    v_control = (control.value or 0.0) / control.n
    v_treatment = (treatment.value or 0.0) / treatment.n
    if not varies(v_control + v_treatment, control.mean, treatment.mean):
        return no_variance()
    return Estimate(
        value=treatment.mean - control.mean,
        variance=v_control + v_treatment,
        df=welch_df(v_control, v_treatment, control.n, treatment.n),
        control=control.mean,
        treatment=treatment.mean,
        n_control=control.n,
        n_treatment=treatment.n,
        counted=counted,
    )
