"""The company: an endless stream of its events in time order, made as it is read.

Memory holds the events of episodes that are under way and three bytes per customer (left, remembered, enrolled);
nothing grows with the length of the stream.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, takewhile
from random import Random

from demo.aftermath import Felt, aftermath
from demo.calendar import Plan
from demo.customers import Customer, customer, mixed, pseudonym
from demo.envelopes import Ready, quoted
from demo.episodes import Setting, episode
from demo.planted import ANSWERED, COMPANY
from demo.telling import Hours, Teller
from demo.verbatims import HAPPY, STAFF, UNHAPPY, WALKED
from models.identifiers import HOUR, MINUTE

_ASIDE = {"brand": 0.03, "staff": 0.01, "walkthrough": 0.002}
"""The weights of what is not an episode of a touchpoint: relational surveys, employees, walk-throughs."""
_NAMES = (*COMPANY, *_ASIDE)
_WEIGHTS = tuple(accumulate((*(planted.share for planted in COMPANY.values()), *_ASIDE.values())))


@dataclass(slots=True)
class Tally:
    """What really happened so far, which no event tells: the truth the product's estimates are held against."""

    episodes: Counter[str] = field(default_factory=Counter)
    dissatisfied: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    """Of the dissatisfied, those who said nothing to anyone we hear."""
    left: int = 0

    def add(self, felt: Felt, *, spoke: bool, left: bool) -> None:
        """Count one episode."""
        self.episodes[felt.touchpoint] += 1
        if felt.bad:
            self.dissatisfied[felt.touchpoint] += 1
            self.silent[felt.touchpoint] += not spoke
        self.left += left


class Company:
    """One run of a plan; ``events`` may be read once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self._hours: Hours = defaultdict(list)
        self._teller = Teller(self._hours, plan.live_from)
        self._clock = Random(mixed(plan.seed, -1))
        self._number = 0
        self._gone = bytearray(plan.customers)
        self._bad = bytearray(plan.customers)
        self._enrolled = bytearray(plan.customers)

    def events(self) -> Iterator[Ready]:
        """Yield every event from the plan's start on, in time order, without end."""
        hour = self.plan.start // HOUR
        while True:
            self._happen(max(hour * HOUR, self.plan.start), (hour + 1) * HOUR)
            told = self._hours.pop(hour, [])
            told.sort()
            yield from told
            hour += 1

    def until(self, end: int) -> Iterator[Ready]:
        """Yield the events before ``end``."""
        return takewhile(lambda event: event.time < end, self.events())

    def _happen(self, begins: int, ends: int) -> None:
        """Let everything begin that begins in one hour; it may go on for weeks."""
        cuts = sorted({begins, ends, min(max(self.plan.live_from, begins), ends)})
        for start, end in pairwise(cuts):
            for at in self._moments(start, end, self.plan.arrivals(start)):
                self._one(at)
            self._surge(start, end)

    def _moments(self, start: int, end: int, rate: float) -> Iterator[int]:
        """Yield the moments of a Poisson process of ``rate`` per millisecond."""
        at = float(start)
        while rate > 0:
            at += self._clock.expovariate(rate)
            if at >= end:
                return
            yield int(at)

    def _surge(self, start: int, end: int) -> None:
        """Let the region's customers notice their outage, evenly over the first half of its hours."""
        outage = self.plan.outage
        if outage is None or not outage.at <= start < outage.at + outage.hours * HOUR // 2:
            return
        rate = self.plan.customers * outage.reached * 0.7 / 6 / (outage.hours * HOUR / 2)
        for at in self._moments(max(start, outage.at), end, rate):
            who = self._somebody()
            while who.region != outage.region or who.offer == "mobile":
                who = self._somebody()
            self._episode(who, Setting(self.plan, "outage_support", at, regional=True))

    def _somebody(self) -> Customer:
        return customer(self.plan.seed, int(self._clock.random() * self.plan.customers))

    def _one(self, at: int) -> None:
        """Let one thing begin: an episode of a touchpoint, or something aside."""
        draw = self._clock.random() * _WEIGHTS[-1]
        kind = next(name for name, weight in zip(_NAMES, _WEIGHTS, strict=True) if draw < weight)
        if kind in COMPANY:
            self._episode(self._somebody(), Setting(self.plan, kind, at))
        elif kind == "brand":
            self._relational(self._somebody(), at)
        else:
            self._inside(kind, at)

    def _begin(self, who: Customer) -> Teller:
        """Give the next episode its number, its ids and its own dice."""
        number = self._number
        self._number = number + 1
        self._teller.begin(who, f"{self.plan.seed:x}.{number:x}", mixed(self.plan.seed ^ 0x5EED, number))
        return self._teller

    def _episode(self, who: Customer, setting: Setting) -> None:
        teller = self._begin(who)
        if self._gone[who.number]:  # after ``_begin``: who leaves must not change the dice of those who stay
            return
        felt = episode(teller, setting._replace(treated=self._treated(who, setting)))
        next_steps = aftermath(teller, felt)
        self._gone[who.number] = next_steps.left
        self._bad[who.number] = min(255, self._bad[who.number] + felt.bad)
        self.tally.add(felt, spoke=next_steps.spoke, left=next_steps.left)

    def _treated(self, who: Customer, setting: Setting) -> bool:
        """Enrol the customer in the trial while it enrols, and say whether its treatment applies to them now."""
        trial = self.plan.trial
        if trial is None or setting.touchpoint != "outage_support" or not trial.begins <= setting.at < trial.ends:
            return False
        arm = trial.arm_of(who.subject)
        if setting.at < trial.enrols_until:
            self._enrolled[who.number] = 1
            self._teller.say(setting.at, "exposure", "crm", f'"experiment":"{trial.experiment}","arm":"{arm}"')
        return bool(self._enrolled[who.number]) and arm == trial.treated

    def _relational(self, who: Customer, at: int) -> None:
        """Ask how likely they are to recommend us; what they remember weighs, and the unhappy answer less."""
        teller = self._begin(who)
        bad = self._bad[who.number]
        opening = f'"survey":"{teller.name("s")}","touchpoint":"brand",{teller.segment},"instrument":"nps"'
        teller.say(at, "asked", "survey_tool", opening)
        feeling = max(0.0, 0.87 - 0.25 * bad)
        value = sum(teller.draw() < feeling for _ in range(10))
        if teller.draw() < (ANSWERED.bad if value <= 6 else ANSWERED.good):
            words = (UNHAPPY if value <= 6 else HAPPY)["brand"]
            said = quoted(words[int(teller.draw() * len(words))])
            later = at + HOUR + int(teller.random.expovariate(1.0) * 12 * HOUR)
            teller.say(later, "answer", "survey_tool", f'{opening},"value":{value},"verbatim":{said},"language":"fr"')

    def _inside(self, kind: str, at: int) -> None:
        """Let an employee speak, or the team walk through the service."""
        team = pseudonym(f"equipe-{int(self._clock.random() * 50)}")
        teller = self._begin(Customer(0, team, "interne", "interne"))
        texts, event = (STAFF, "staff.voice") if kind == "staff" else (WALKED, "walkthrough")
        choice = int(teller.draw() * len(texts))
        place = ("outage_support", "delivery", "outage_support", "delivery") if kind == "staff" else _WALKS
        rated = f'"rating":{0.1 + 0.4 * teller.draw():.2f},"verbatim":{quoted(texts[choice])}'
        teller.say(at + MINUTE, event, "crm", f'"touchpoint":"{place[choice]}",{rated}')


_WALKS = ("cancellation", "delivery", "outage_support")
