"""One incident: what a failure of the product costs, and how restoring it in time lessens that."""

from models.causes import Cause
from models.facts import IncidentFact
from models.policy import Policy
from models.rounding import nearest
from models.scoring.budgets import Lines

INCIDENT = Cause.INCIDENT.value


class Incident:
    """The records of one incident, merged in fact order by ``take``; it began with its first record."""

    __slots__ = ("first", "lowered", "restored", "severity")

    def __init__(self, first: IncidentFact) -> None:
        self.first = first
        self.severity = first.severity
        self.restored = first.restored
        self.lowered = False
        """A later record said something else of how bad it is."""

    def take(self, fact: IncidentFact) -> None:
        """Merge the next record."""
        if fact.severity != self.severity:
            self.severity = fact.severity
            self.lowered = True
        if fact.restored is not None:
            self.restored = fact.restored


def score_incident(incident: Incident, policy: Policy) -> Lines:
    """Return the product points ``incident`` lost: all of them, or × clip(hours / 24, ⅓, 1) once restored.

    >>> from models.policy import default
    >>> from models.identifiers import HOUR, Millis
    >>> def lasting(hours):
    ...     fact = IncidentFact(Millis(0), "s", "1", 0, False, False, None, "other", "other", None, (), "i", "outage",
    ...                         None if hours is None else Millis(hours * HOUR))
    ...     return score_incident(Incident(fact), default())
    >>> lasting(None), lasting(2), lasting(12), lasting(48)
    ({'incident': 3000}, {'incident': 1000}, {'incident': 1500}, {'incident': 3000})
    """
    points = policy.incident[incident.severity]
    if incident.restored is not None:
        lasted = incident.restored - incident.first.time
        clipped = min(policy.incident_full, max(policy.incident_least, lasted))
        points = nearest(points * clipped, policy.incident_full)
    return {INCIDENT: points} if points else {}
