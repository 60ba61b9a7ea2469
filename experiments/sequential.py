"""Looking as often as one likes: the always-valid interval, its e-value and p-value, and the one-sided e-value.

A normal mixture over the effect with variance τ = (expected effect)². τ is part of the frozen plan: choosing it
after looking would void the guarantee. Success is *not* declared from here (see ``spending``): this is for harm
and for "not yet", at any time.

Sources: Robbins (1970), *Ann. Math. Stat.* 41; Howard, Ramdas, McAuliffe & Sekhon (2021), *Ann. Stat.* 49(2);
asymptotic for unknown variances after Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), arXiv:2103.06476.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from models.errors import InvalidInput
from models.gaps import evidence
from models.gaps.evidence import ln_e_plus

HARM = 20.0
"""1/α at α = 5 %: by Ville's inequality an e-value reaches it with probability ≤ 5 % when there is nothing."""

_LARGEST_LOG = 690.0

_TAIL = 8.0
"""Beyond this many standard errors (probability 1e-15) Student's quantile is extended in proportion: it overflows."""


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """The interval [low, high], e-value and p-value of one look; valid at every look together."""

    low: float
    high: float
    e: float
    p: float


def e_of(log_e: float) -> float:
    """Return exp(``log_e``), cut at exp(690) ≈ 1e299 so that no page or JSON ever meets an infinity.

    >>> e_of(0.0), e_of(1e6) < math.inf
    (1.0, True)
    """
    return math.exp(min(log_e, _LARGEST_LOG))


def _checked(variance: float, tau: float) -> None:
    """Raise ``InvalidInput`` unless both are positive numbers."""
    if not (math.isfinite(variance) and variance > 0.0):
        raise InvalidInput(f"variance: {variance} is not positive; an interval needs units that differ")
    if not (math.isfinite(tau) and tau > 0.0):
        raise InvalidInput(f"expected effect: its square {tau} is not positive; state an effect other than zero")


def student_of(z: float, df: float) -> float:
    """Return the value of Student's t that is as rare as ``z`` is for a normal variable; both of them positive.

    For few clusters, blocks or days the standard error is itself a guess, and this is what it costs.

    >>> round(student_of(1.959964, 10.0), 4), student_of(3.0, math.inf)
    (2.2281, 3.0)
    """
    if math.isinf(df):
        return z
    inside = min(z, _TAIL)
    return -float(stdtrit(df, float(ndtr(-inside)))) * (z / inside if z > _TAIL else 1.0)


def normal_of(t: float, df: float) -> float:
    """Return the inverse of ``student_of``, with the sign of ``t`` kept.

    >>> round(normal_of(-2.228139, 10.0), 4)
    -1.96
    """
    if math.isinf(df):
        return t
    last = student_of(_TAIL, df)
    size = -float(ndtri(stdtr(df, -min(abs(t), last)))) * max(1.0, abs(t) / last)
    return math.copysign(size, t)


def half_width(variance: float, tau: float, alpha: float = 0.05, df: float = math.inf) -> float:
    """Return √(V(V+τ)/τ · (ln((V+τ)/V) − 2 ln α)), V being the squared standard error.

    With finite ``df`` the multiplier of √V is widened by ``student_of``.

    >>> round(half_width(1.0, 4.0), 6), round(half_width(1.0, 4.0, df=8.0), 6)
    (3.08239, 4.480859)
    """
    _checked(variance, tau)
    half = evidence.half_width(variance, tau, alpha)
    error = math.sqrt(variance)
    return half if math.isinf(df) else student_of(half / error, df) * error


def e_value(difference: float, variance: float, tau: float) -> float:
    """Return √(V/(V+τ)) · exp(d²τ/(2V(V+τ))): the evidence against "no difference", in either direction.

    >>> round(e_value(3.0, 1.0, 4.0), 6)
    16.367228
    """
    _checked(variance, tau)
    total = variance + tau
    log_e = -0.5 * math.log1p(tau / variance) + difference**2 * tau / (2.0 * variance * total)
    return e_of(log_e)


def e_above(difference: float, variance: float, tau: float, df: float = math.inf) -> float:
    """Return 2Φ(z√(τ/(V+τ))) · √(V/(V+τ)) · exp(z²τ/(2(V+τ))), z = d/√V: the evidence for "above zero".

    One-sided: the mixture is a half-normal on the positive side (docs/method.md §3). ``df`` as in ``half_width``.

    >>> round(e_above(3.0, 1.0, 4.0), 6), e_above(-3.0, 1.0, 4.0) < 1
    (32.615133, True)
    """
    _checked(variance, tau)
    rare = _as_rare(difference, variance, df)
    return e_of(float(ln_e_plus(rare, variance, tau)))


def _as_rare(difference: float, variance: float, df: float) -> float:
    """Return the difference that, were V known, would be as rare as this one is with V guessed from few."""
    error = math.sqrt(variance)
    return difference if math.isinf(df) else normal_of(difference / error, df) * error


def always_valid(
    difference: float, variance: float, tau: float, alpha: float = 0.05, df: float = math.inf
) -> AlwaysValid:
    """Return interval, e and p of one look; ``df`` of V where few clusters, blocks or days tell it.

    The interval excludes zero exactly when e ≥ 1/α. p = min(1, 1/e).

    >>> always_valid(0.0, 1.0, 4.0).p
    1.0
    """
    half = half_width(variance, tau, alpha, df)
    e = e_value(_as_rare(difference, variance, df), variance, tau)
    return AlwaysValid(difference - half, difference + half, e, min(1.0, 1.0 / e))
