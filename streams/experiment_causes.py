"""Where proposals for root causes come from: a gap's ledger, slices of its scope, customers' and the team's words.

What a proposal says, and that it is never a conclusion, is in ``experiments.proposals``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from experiments.ledger import Experiment
from experiments.plan import Plan
from experiments.proposals import Groups, Proposal, Sliced, of_ledger, of_slices, of_themes, of_voices
from experiments.root_causes import Evidence, Rival, with_evidence, with_rival
from experiments.themes import Comment, themes_of
from models.effects import Verbatim
from models.errors import NotFound
from models.gaps.days import day_from
from models.gaps.gap import Gap
from models.gaps.metrics import METRICS
from models.identifiers import DAY, Millis
from store.database import Store

COMMENTS = 5_000
"""Verbatims that are read at most, the latest."""
INSIDE = {"staff_voice": "staff", "walkthrough": "observation"}
"""Kinds of verbatims that the team itself spoke."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A proposal, and what became of it in the plan: ``accepted``, ``rejected``, or nothing yet."""

    proposal: Proposal
    standing: str = ""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What somebody makes of a proposal: evidence for the cause stated so, or a rival of it, rejected ``because``."""

    proposal: str
    accept: bool
    statement: str
    because: str = ""


def proposals(store: Store, experiment: Experiment, words: dict[str, str]) -> list[Offered]:
    """Return the proposals for an experiment's origin as things stand now; ``words`` names causes.

    Of an opportunity there is what was lived there. Reads cells and verbatims; blocks.
    """
    found = _of_gap(store, experiment, words) if experiment.origin.kind == "gap" else _of_opportunity(experiment)
    standing = _standings(experiment.plan)
    return [Offered(each, standing.get(each.id, "")) for each in found]


def weighed(plan: Plan, offered: Iterable[Offered], weighing: Weighing) -> Plan:
    """Return the plan with the proposal taken up or rejected; raises ``NotFound`` when nothing of that id is proposed.

    Raises ``InvalidInput`` when a reason or a root cause is missing.
    """
    proposal = next((each.proposal for each in offered if each.proposal.id == weighing.proposal), None)
    if proposal is None:
        raise NotFound(f"proposal {weighing.proposal}: nothing is proposed under that name; look again at what is")
    if weighing.accept:
        evidence = Evidence(proposal.kind, proposal.statement, proposal.id)
        return replace(plan, causes=with_evidence(plan.causes, weighing.statement, evidence, proposal.cause))
    rival = Rival(proposal.statement, weighing.because, proposal.id)
    return replace(plan, causes=with_rival(plan.causes, weighing.statement, rival))


def _of_gap(store: Store, experiment: Experiment, words: dict[str, str]) -> list[Proposal]:
    try:
        gap = store.gaps.get(experiment.origin.reference).gap
    except NotFound:
        return []
    span = (Millis(day_from(gap.since) * DAY), Millis((day_from(gap.now.last) + 1) * DAY))
    said = _verbatims(store, gap, span)
    found = [*of_ledger(gap.causes, words)]
    for sliced in _slices(store, gap, span):
        found += of_slices(sliced)
    found += of_themes(themes_of(Comment(v.text, _rating(v)) for v in said if v.kind not in INSIDE))
    for kind, evidence in INSIDE.items():
        voices = [(f"{v.source}/{v.id}", v.text) for v in said if v.kind == kind]
        found += of_voices("staff" if evidence == "staff" else "observation", voices)
    return found


def _of_opportunity(experiment: Experiment) -> list[Proposal]:
    origin = experiment.origin
    lived = [(origin.reference, origin.sentence)] if origin.sentence.strip() else []
    return list(of_voices("observation", lived))


def _rating(verbatim: Verbatim) -> float | None:
    return None if verbatim.value is None else verbatim.value / 100


def _verbatims(store: Store, gap: Gap, span: tuple[Millis, Millis]) -> list[Verbatim]:
    """Return the words of the gap's scope since it began; segments are not told apart there, so theirs are none."""
    kind, _, value = gap.scope.partition(":")
    if "|" in gap.scope:
        touchpoint, channel = (part.split(":", 1)[1] for part in gap.scope.split("|", 1))
        found = store.verbatims.recent(span, touchpoint=touchpoint, limit=COMMENTS)
        return [verbatim for verbatim in found if verbatim.channel == channel]
    if kind == "touchpoint":
        return store.verbatims.recent(span, touchpoint=value, limit=COMMENTS)
    found = store.verbatims.recent(span, limit=COMMENTS)
    if kind == "channel":
        return [verbatim for verbatim in found if verbatim.channel == value]
    if kind == "source":
        return [verbatim for verbatim in found if verbatim.source == value]
    return found if gap.scope == "all" else []


def _slices(store: Store, gap: Gap, span: tuple[Millis, Millis]) -> Iterator[Sliced]:
    """Yield the gap's scope cut by each dimension that cells tell apart."""
    metric = METRICS[gap.metric]
    whole = _groups(store, gap, gap.scope, span)
    for scopes in _dimensions(gap.scope, store.cells.scopes(gap.policy)):
        slices = {name: found for name in scopes if (found := _groups(store, gap, name, span))}
        yield Sliced(
            target=gap.now.target,
            scale=metric.scale,
            sign=metric.sign,
            whole=whole,
            slices=slices,
            # A contact is in one touchpoint, channel and source; a journey in every one it met.
            adds_up=metric.unit == "contact",
            unit=f"{metric.unit}s",
        )


def _groups(store: Store, gap: Gap, scope: str, span: tuple[Millis, Millis]) -> Groups:
    metric = METRICS[gap.metric]
    found: dict[int, tuple[int, int]] = {}
    for (_, group), counts in store.cells.by_group(gap.policy, scope, span).items():
        total, n = found.get(group, (0, 0))
        found[group] = (total + counts.get(metric.numerator, 0), n + counts.get(metric.denominator, 0))
    return found


def _dimensions(scope: str, known: list[str]) -> Iterator[list[str]]:
    """Yield the slices of a scope by dimension: everything by all of them, a place by the other of its pair."""
    if scope != "all":
        yield [name for name in known if "|" not in scope and "|" in name and scope in name.split("|")]
        return
    single = [name for name in known if "|" not in name and name != "all"]
    for dimension in sorted({_dimension(name) for name in single}):
        yield [name for name in single if _dimension(name) == dimension]


def _dimension(scope: str) -> str:
    """Return what a scope is a value of.

    >>> _dimension("channel:chat"), _dimension("segment:plan=gold")
    ('channel', 'segment:plan')
    """
    return scope.partition("=")[0] if scope.startswith("segment:") else scope.partition(":")[0]


def _standings(plan: Plan) -> dict[str, str]:
    accepted = {evidence.reference: "accepted" for cause in plan.causes for evidence in cause.evidence}
    rejected = {rival.reference: "rejected" for cause in plan.causes for rival in cause.rivals}
    return rejected | accepted
