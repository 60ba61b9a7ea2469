"""What follows an episode: surveys and who answers them, complaints and what is done, posts, and what loyalty does.

Everything here depends on how the episode was felt; the dissatisfied mostly say nothing.
"""

from typing import NamedTuple

from demo.envelopes import instant, quoted
from demo.planted import (
    ANSWERED,
    ASKED,
    BOUGHT,
    COMPLAINED,
    CSAT_TOP,
    LEFT,
    POSTED,
    RECOVERED,
    REFERRED,
    RENEWED,
    REPLIED,
    Loyalty,
)
from demo.telling import Teller
from demo.verbatims import HAPPY, UNHAPPY
from models.identifiers import DAY, HOUR, MINUTE


class Felt(NamedTuple):
    """How an episode ended and how it was felt: ``level`` of ``top`` is what the customer would answer if asked."""

    touchpoint: str
    ended: int
    contact: str | None
    """The contact a survey would ask about; ``None``: it asks about the journey."""
    journey: str | None
    score: float
    level: int
    top: int

    @property
    def bad(self) -> bool:
        """Whether the customer is dissatisfied: CSAT 1 or 2 of 5, effort 1 to 3 of 7."""
        return 2 * self.level < self.top


class Consequences(NamedTuple):
    """What the customer did next; ``spoke`` is whether they said anything to anyone we hear."""

    spoke: bool
    left: bool


def aftermath(teller: Teller, felt: Felt) -> Consequences:
    """Tell what follows, over the next hours and weeks."""
    answered = teller.draw() < ASKED and _survey(teller, felt)
    complained = _happens(teller, COMPLAINED, felt)
    if complained:
        _complaint(teller, felt)
    posted = _happens(teller, POSTED, felt)
    if posted:
        _post(teller, felt)
    return Consequences(spoke=answered or complained or posted, left=_loyalty(teller, felt))


def _happens(teller: Teller, chance: Loyalty, felt: Felt) -> bool:
    return teller.draw() < (chance.bad if felt.bad else chance.good)


def _words(teller: Teller, felt: Felt) -> str:
    """Return a sentence as a JSON string; the happy and the unhappy write different ones."""
    texts = (UNHAPPY if felt.bad else HAPPY)[felt.touchpoint]
    return quoted(texts[int(teller.draw() * len(texts))])


def _survey(teller: Teller, felt: Felt) -> bool:
    """Ask one question; return whether it was answered."""
    asked = felt.ended + 30 * MINUTE + int(teller.draw() * 2 * HOUR)
    survey = teller.name("s")
    kind = "csat" if felt.top == CSAT_TOP else "ces"
    about = f'"contact":"{felt.contact}",' if felt.contact else ""
    about += f'"journey":"{felt.journey}",' if felt.journey else ""
    opening = f'"survey":"{survey}",{about}"touchpoint":"{felt.touchpoint}",{teller.segment},"instrument":"{kind}"'
    teller.say(asked, "asked", "survey_tool", opening)
    if not _happens(teller, ANSWERED, felt):
        return False
    words = f',"verbatim":{_words(teller, felt)},"language":"fr"' if teller.draw() < (0.6 if felt.bad else 0.25) else ""
    back = asked + int(teller.random.expovariate(1.0) * 8 * HOUR)
    teller.say(back, "answer", "survey_tool", f'{opening},"value":{felt.level + 1}{words}')
    return True


def _complaint(teller: Teller, felt: Felt) -> None:
    """Tell a complaint and, mostly, what was done about it."""
    at = felt.ended + int(teller.random.expovariate(1.0) * 10 * HOUR)
    complaint = teller.name("k")
    place = f'"touchpoint":"{felt.touchpoint}","channel":"email",{teller.segment}'
    about = f'"contact":"{felt.contact}",' if felt.contact else ""
    teller.say(at, "complaint", "crm", f'"complaint":"{complaint}",{about}{place},"verbatim":{_words(teller, felt)}')
    if teller.draw() >= RECOVERED:
        return
    act = ("apology", "refund", "deal", "call_back")[int(teller.draw() * 4)]
    amount = ',"amount":15.00' if act == "refund" else ""
    opening = f'"recovery":"{teller.name("r")}","case":"{complaint}",{place},"act":"{act}"'
    begun = at + 4 * HOUR + int(teller.draw() * DAY)
    teller.say(begun, "recovery", "crm", f'{opening},"completed":false')
    if teller.draw() < RECOVERED:
        done = begun + int(teller.random.expovariate(1.0) * DAY)
        teller.say(done, "recovery", "crm", f'{opening},"completed":true{amount}')


def _post(teller: Teller, felt: Felt) -> None:
    """Tell a public review and, half the time, our reply."""
    at = felt.ended + int(teller.random.expovariate(1.0) * DAY)
    opening = (
        f'"post":"{teller.name("v")}","platform":"avis","touchpoint":"{felt.touchpoint}","channel":"web",{teller.segment},'
        f'"rating":{felt.level / felt.top:.2f},"sentiment":"{"negative" if felt.bad else "positive"}",'
        f'"reach":{20 + int(teller.random.expovariate(1.0) * 200)},"verbatim":{_words(teller, felt)},"language":"fr"'
    )
    teller.say(at, "voice", "social_listener", opening)
    if teller.draw() < REPLIED:
        replied = at + HOUR + int(teller.random.expovariate(1.0) * DAY)
        teller.say(replied, "voice", "social_listener", f'{opening},"replied":"{instant(replied)}"')


def _loyalty(teller: Teller, felt: Felt) -> bool:
    """Tell what loyalty did; return whether the customer left."""
    at = felt.ended + 2 * DAY + int(teller.draw() * 18 * DAY)
    place = f'"touchpoint":"{felt.touchpoint}","channel":"web",{teller.segment}'
    if _happens(teller, LEFT, felt):
        teller.say(at, "departure", "crm", f'{place},"amount":29.99,"currency":"EUR","reason":"resiliation"')
        return True
    for kind, chance, amount in (("renewal", RENEWED, "359.88"), ("purchase", BOUGHT, "89.90")):
        if _happens(teller, chance, felt):
            teller.say(at, kind, "crm", f'{place},"amount":{amount},"currency":"EUR"')
    if _happens(teller, REFERRED, felt):
        teller.say(at, "referral", "crm", place)
    return False
