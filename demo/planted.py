"""The truth as planted: how often each thing goes wrong at each touchpoint, as the numbers the simulation draws from.

What these rates cost in points, and the whole truth as data, is computed in ``demo.truth``.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Turn = Literal["first", "again"]
"""An episode's first contact, and the one that follows when the first did not help."""

STEPS = 3
"""How many checks a technician may ask for again; each is repeated independently with probability ``step``."""

FOLLOWED = MappingProxyType({"abandoned": 0.8, "unresolved": 0.6, "resolved": 0.0})
"""How often a contact that ended so is followed by another one."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities per contact, each drawn independently; those a channel cannot have do not happen there."""

    step: float = 0.05
    context_lost: float = 0.02
    channel_unfit: float = 0.02
    menu_loop: float = 0.04
    paid_line: float = 0.02
    abandoned: float = 0.03
    transfer: float = 0.08
    cold: float = 0.3
    """Given a transfer."""
    failed: float = 0.1
    """Given a transfer."""
    wrong_answer: float = 0.03
    incident_not_told: float = 0.0
    thanked: float = 0.6
    unresolved: float = 0.15
    """Given that it was not abandoned."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One touchpoint: its share of what happens, its channels, its waits and its rates."""

    share: float
    """Of all episodes, as a weight."""
    channels: tuple[str, ...]
    """The first contact's channel, one entry drawn evenly."""
    first: Rates
    again: Rates
    chat_wait: float = 70.0
    """Mean seconds in the first queue, exponential; a second queue after a transfer is half as long."""
    phone_wait: float = 130.0
    next_channel: str = "phone"
    """The channel of the contact that follows."""
    unseen: float = 0.05
    """How often something happens that no event tells: a curt tone, a form letter."""

    def wait(self, channel: str) -> float:
        """Return the mean seconds in the first queue of ``channel``; 0 where nobody queues."""
        return {"chat": self.chat_wait, "phone": self.phone_wait}.get(channel, 0.0)

    def rates(self, turn: Turn) -> Rates:
        """Return the rates of a first contact or of the one that follows."""
        return self.first if turn == "first" else self.again


COMPANY: MappingProxyType[str, Planted] = MappingProxyType(
    {
        "outage_support": Planted(
            share=0.22,
            channels=("chat", "chat", "chat", "phone", "phone"),
            chat_wait=420.0,
            phone_wait=480.0,
            first=Rates(step=0.45, abandoned=0.12, transfer=0.15, incident_not_told=0.15, unresolved=0.50),
            again=Rates(step=0.55, context_lost=0.75, abandoned=0.06, transfer=0.20, failed=0.15, unresolved=0.10),
        ),
        "billing": Planted(
            share=0.18,
            channels=("email", "email", "chat", "phone"),
            first=Rates(wrong_answer=0.12, unresolved=0.65),
            again=Rates(context_lost=0.85, wrong_answer=0.06, transfer=0.10),
            unseen=0.16,
        ),
        "delivery": Planted(share=0.22, channels=("phone", "chat", "web", "app"), first=Rates(), again=Rates()),
        "installation": Planted(share=0.10, channels=("phone", "chat"), first=Rates(step=0.08), again=Rates(step=0.08)),
        "shop": Planted(
            share=0.12,
            channels=("shop",),
            first=Rates(thanked=0.85, unresolved=0.05),
            again=Rates(thanked=0.85, unresolved=0.05),
            next_channel="shop",
            unseen=0.03,
        ),
        "cancellation": Planted(
            share=0.05,
            channels=("phone", "phone", "web"),
            first=Rates(menu_loop=0.45, paid_line=0.25, channel_unfit=0.50, unresolved=0.25),
            again=Rates(menu_loop=0.45, paid_line=0.25, unresolved=0.10),
        ),
        "selfcare": Planted(
            share=0.11,
            channels=("app", "web"),
            first=Rates(channel_unfit=0.06, unresolved=0.06),
            again=Rates(channel_unfit=0.06, unresolved=0.06),
            next_channel="app",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How often what was promised comes late, and by how many days on average (exponential, after the first hour)."""

    late: float
    mean_days: float
    broken: float = 0.0
    called: float = 0.3
    """How often a late customer asks where it is; of the others a tenth as many do."""


PROMISES = MappingProxyType(
    {
        "delivery": Lateness(late=0.08, mean_days=2.0),
        "installation": Lateness(late=0.12, mean_days=3.0, broken=0.03),
    }
)
DEGRADED = MappingProxyType({"delivery": Lateness(late=0.75, mean_days=3.5)})
"""The promises that fall due from the day the carrier changed."""

SEVERITIES = MappingProxyType({"minor": 0.35, "major": 0.40, "outage": 0.25})
RESTORE_HOURS = 9.0
"""Mean hours until a failed line works again (exponential)."""


@dataclass(frozen=True, slots=True)
class Loyalty:
    """How likely something is after an episode, for a dissatisfied customer and for the others."""

    bad: float
    good: float


UNSEEN_POINTS = 45.0
"""What a moment that no event tells costs."""
CSAT_TOP = 4
CES_TOP = 6
"""A customer who felt a score s would answer 1 + Binomial(top, s/100): on average exactly what was felt."""

ASKED = 0.50
ANSWERED = Loyalty(bad=0.08, good=0.30)
"""The unhappy answer least: what a survey hears is better than what is lived."""
COMPLAINED = Loyalty(bad=0.05, good=0.001)
POSTED = Loyalty(bad=0.025, good=0.004)
LEFT = Loyalty(bad=0.09, good=0.004)
RENEWED = Loyalty(bad=0.02, good=0.06)
BOUGHT = Loyalty(bad=0.01, good=0.05)
REFERRED = Loyalty(bad=0.0, good=0.015)
REPLIED = 0.5
"""Of the posts, those we answer."""
RECOVERED = 0.7
"""Of the complaints, those for which something is done, and of what is begun, what is completed."""
