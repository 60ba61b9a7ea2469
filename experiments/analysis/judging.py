"""Each look of a stream, judged by the engine that judges our own experiments: interval, evidence, verdict, ratio.

No plan says when such an experiment was to end, so success, too, is said by the always-valid interval only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from experiments.analysis.rows import number
from experiments.analysis.streams import Look, Stream
from experiments.estimators import Estimate
from experiments.power import ENOUGH, shift_needed
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.sequential import AlwaysValid, always_valid, e_above
from experiments.verdict import Finding, Kind, kind_of
from models.errors import InvalidInput

NO_LOOK = "no look can be used: see what is wrong with the lines"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected effect as somebody wrote it: absolute, or a share of the control's level.

    >>> Expectation.read("2%"), Expectation.read("0.5")
    (Expectation(size=0.02, relative=True), Expectation(size=0.5, relative=False))
    """

    size: float
    relative: bool = False

    @classmethod
    def read(cls, text: str) -> "Expectation":
        """Return what a text says; raises ``InvalidInput`` for anything but a positive number, with % or without."""
        plain = text.strip()
        relative = plain.endswith("%")
        size = number(plain.rstrip("% \u202f"))
        if not isinstance(size, float) or size <= 0.0:
            raise InvalidInput(f"expected: {text!r} is no size above zero; write 0.5, or 2% of the control's level")
        return cls(size / 100 if relative else size, relative)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the judging goes by: expectations and good directions by metric, the design's shares, whether it goes on.

    ``expected[""]`` is for every metric that has none of its own. ``worthwhile`` is δ as a share of the expected
    effect. ``running``: the last look is not the end.
    """

    expected: Mapping[str, Expectation] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    shares: tuple[float, float] = (1.0, 1.0)
    worthwhile: float = 0.5
    running: bool = False
    reveal: bool = False
    """Show estimates even where the sample ratio is broken."""


@dataclass(frozen=True, slots=True)
class JudgedLook:
    """What may be said at one look. The effect is treatment − control as measured; ``None`` where nothing may be."""

    look: Look
    verdict: Kind
    reason: str
    estimate: Estimate | None
    interval: AlwaysValid | None
    harm_e: float | None
    sample_ratio_e: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A stream with every look judged; ``expected`` is in the metric's unit, ``None`` when no look can be used.

    ``assumed`` tells that nobody gave the expectation. ``looks`` is empty when none can be used.
    """

    stream: Stream
    expected: float | None
    assumed: bool
    worthwhile: float | None
    looks: tuple[JudgedLook, ...]


def judge(stream: Stream, terms: Terms) -> Judged:
    """Return the stream's looks, each judged as if it were the only one."""
    expected, assumed = expected_of(stream, terms)
    if expected is None:
        return Judged(stream, None, assumed, None, tuple(_unjudged(stream, terms)))
    worthwhile = expected * terms.worthwhile
    judged = []
    for nth, look in enumerate(stream.looks, start=1):
        final = nth == len(stream.looks) and not terms.running
        judged.append(_judged(look, stream.metric, (expected, worthwhile), terms, final=final))
    return Judged(stream, expected, assumed, worthwhile, tuple(judged))


def expected_of(stream: Stream, terms: Terms) -> tuple[float | None, bool]:
    """Return the expected effect in the metric's unit, and whether it had to be assumed.

    Without one given it is what the comparison's size at its last look finds with 80 % power: 2.8 of its standard
    errors, which depend on counts and variances and on no difference between the arms.
    """
    given = terms.expected.get(stream.metric, terms.expected.get(""))
    usable = stream.usable
    if given is not None and not given.relative:
        return given.size, False
    if not usable:
        return None, given is None
    if given is not None:
        level = abs(stream.level or 0.0)
        if not level:
            raise InvalidInput(f"expected: the control's {stream.metric} starts at zero; give an absolute size for it")
        return given.size * level, False
    return shift_needed(ENOUGH, "fixed") * usable[-1].standard_error, True


def _unjudged(stream: Stream, terms: Terms) -> Iterator[JudgedLook]:
    """Yield the looks of a stream that never could be compared."""
    for look in stream.looks:
        reason = "" if isinstance(look.found, Estimate) else look.found.reason
        yield JudgedLook(look, Kind.INVALID, reason, None, None, None, _ratio(look, terms))


def _ratio(look: Look, terms: Terms) -> float:
    return sample_ratio_e(look.enrolled, terms.shares)


def _judged(look: Look, metric: str, sizes: tuple[float, float], terms: Terms, *, final: bool) -> JudgedLook:
    expected, worthwhile = sizes
    sign, tau = (-1.0 if metric in terms.down else 1.0), expected**2
    ratio_e = _ratio(look, terms)
    broken = "the arms do not have the share of units they were designed to: no estimate can be trusted"
    invalid = broken if ratio_e >= BROKEN else ""
    found = look.found
    if not isinstance(found, Estimate):
        early = found.kind == "early"
        kind = Kind.INVALID if invalid or (final and not early) else Kind.INCONCLUSIVE if final else Kind.NOT_YET
        return JudgedLook(look, kind, invalid or found.reason, None, None, None, ratio_e)
    df = found.any_time_df
    interval = always_valid(found.value, found.variance, tau, df=df)
    harm = e_above(-found.value * sign, found.variance, tau, df)
    low, high = sorted((interval.low * sign, interval.high * sign))
    finding = Finding(low, high, expected, worthwhile, final, success_allowed=True, invalid=invalid, harm_e=harm)
    if invalid and not terms.reveal:
        return JudgedLook(look, Kind.INVALID, invalid, None, None, None, ratio_e)
    return JudgedLook(look, kind_of(finding), invalid, found, interval, harm, ratio_e)
