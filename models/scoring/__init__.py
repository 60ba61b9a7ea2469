"""From facts to scores: journeys, losses, ledgers, contributions, rescues; all of it pure and exact.

A score is a function of (facts, policy, as-of time). Points are integer hundredths, times milliseconds.
"""

from models.scoring.contact import Contact, ContactScore, score_contact
from models.scoring.contributions import Scored, contributions, customer_contributions, journey_contributions
from models.scoring.customer import score_customer
from models.scoring.customer_ledger import CustomerLedger, customer_ledger
from models.scoring.due import is_settled, next_due
from models.scoring.journey import Journey, JourneyScore, score_journey
from models.scoring.ledger import CauseLedger, CauseLine, EventLine, by_label, ledger_by_cause, ledger_by_event
from models.scoring.membership import journeys_of, of_journeys
from models.scoring.rating import CustomerScore, frozen_of, is_waiting, rate, rated
from models.scoring.rescue import rescue_now, rescue_of, rescues_of
from models.scoring.spread import scope_score
from models.scoring.visibility import Sight, blind_spots, sights

__all__ = [
    "CauseLedger",
    "CauseLine",
    "Contact",
    "ContactScore",
    "CustomerLedger",
    "CustomerScore",
    "EventLine",
    "Journey",
    "JourneyScore",
    "Scored",
    "Sight",
    "blind_spots",
    "by_label",
    "contributions",
    "customer_contributions",
    "customer_ledger",
    "frozen_of",
    "is_settled",
    "is_waiting",
    "journey_contributions",
    "journeys_of",
    "ledger_by_cause",
    "ledger_by_event",
    "next_due",
    "of_journeys",
    "rate",
    "rated",
    "rescue_now",
    "rescue_of",
    "rescues_of",
    "scope_score",
    "score_contact",
    "score_customer",
    "score_journey",
    "sights",
]
