"""What a customer said, on one scale: hundredths of the way from worst to best."""

from models.facts import AnswerFact
from models.identifiers import FULL
from models.policy import Policy
from models.rounding import nearest


def said_of(answer: AnswerFact) -> int | None:
    """Return the answer as a score, 0 to 10 000: CSAT (x−1)/4, CES (x−1)/6, custom from its low to its high.

    NPS is relational and says nothing of one journey; an empty scale says nothing at all.
    """
    if answer.instrument == "nps" or answer.high <= answer.low:
        return None
    return min(FULL, max(0, nearest((answer.value - answer.low) * FULL, answer.high - answer.low)))


def is_good(shown: int, answer: AnswerFact | None, policy: Policy) -> bool:
    """Tell whether a unit was good: by the answer's threshold if there is one, else by the score.

    CSAT and CES thresholds hold on their own scales (1–5, 1–7); another scale is judged by how far up it goes.
    """
    if answer is None:
        return shown >= policy.good_score
    scale = (answer.instrument, answer.low, answer.high)
    if scale == ("csat", 1, 5):
        return answer.value >= policy.good.csat
    if scale == ("ces", 1, 7):
        return answer.value >= policy.good.ces
    return shown >= 100 * policy.good.custom_percent


def is_dissatisfied(answer: AnswerFact, policy: Policy) -> bool:
    """Tell whether an answer is at or under the policy's threshold: the label of the dissatisfaction model."""
    scale = (answer.instrument, answer.low, answer.high)
    if scale == ("csat", 1, 5):
        return answer.value <= policy.dissatisfied.csat
    if scale == ("ces", 1, 7):
        return answer.value <= policy.dissatisfied.ces
    if scale == ("nps", 0, 10):
        return answer.value <= policy.dissatisfied.nps
    way = answer.high - answer.low
    return way > 0 and 100 * (answer.value - answer.low) <= policy.dissatisfied.custom_percent * way
