"""The difference of two net promoter scores: means of {−100, 0, 100}."""

from experiments.estimators.estimate import Estimate, NoEstimate
from experiments.estimators.mean_difference import mean_difference
from experiments.moments import Promoters


def nps_difference(control: Promoters, treatment: Promoters) -> Estimate | NoEstimate:
    """Return NPS(treatment) − NPS(control) in points, one answer per unit.

    The NPS is a mean, so Welch's difference of means is exact about its variance; where a unit answers several times
    its answers resemble each other, and the ratio Σpoints/Σanswers per unit is the honest one (``ratio_difference``).

    Source: Rocks (2016), *Interval estimation for the net promoter score*, The American Statistician 70(4).

    >>> found = nps_difference(Promoters(40, 40, 20), Promoters(50, 35, 15))
    >>> found.value, round(found.standard_error, 3)
    (15.0, 10.481)
    """
    return mean_difference(control.moments, treatment.moments)
