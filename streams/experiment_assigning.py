"""Which arm a unit gets, for programs that ask: the record, what the unit met before, and the exposure if asked for.

The arithmetic is ``experiments.assignment``'s and ``allocation``'s, and documented for clients that compute it
themselves (docs/assignment.md). A customer's own id becomes a pseudonym at once; it is neither kept nor shown.
"""

import hashlib
import json
from dataclasses import dataclass

from experiments.enrolment import Assignment, assigned
from models import instants
from models.errors import Forbidden, InvalidInput
from models.identifiers import Millis, Subject
from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym
from store.database import Store
from streams.collector import Collector

OWN_SOURCE = "/assignments"
"""The source of an exposure when nobody's API key says whose it is."""
ALREADY = "id_conflict"
"""What the collector answers to the same exposure at another time: it knows it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which experiment, for whom: a pseudonym, or the company's own id of a customer, never both.

    ``expose`` also records that the customer meets the arm now; ``source`` is what the exposure comes from. ``cluster``
    is the customer's site, team or lane, where those are randomised.
    """

    experiment: str
    unit: str | None = None
    customer: str | None = None
    expose: bool = False
    source: str | None = None
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Assigned:
    """The assignment, and whether an exposure is on record (just now or from before)."""

    assignment: Assignment
    exposed: bool


class Assigner:
    """Answers who gets which arm; blocks until an exposure that was asked for is durable."""

    def __init__(self, store: Store, collector: Collector, key: PseudonymKey) -> None:
        self._store = store
        self._collector = collector
        self._key = key

    def assign(self, asked: Asked, now: Millis) -> Assigned:
        """Return the unit's arm at ``now``.

        Raises ``NotFound`` for an unknown experiment, ``InvalidInput`` for a unit that is none.
        """
        experiment = self._store.experiments.get(asked.experiment).experiment
        unit = self._unit(asked)
        met = self._store.units.met(experiment.id, unit)
        found = assigned(experiment, unit, now, met, asked.cluster)
        if met is not None or not (asked.expose and found.enrolled):
            return Assigned(found, exposed=met is not None)
        self._expose(found, asked, now)
        return Assigned(found, exposed=True)

    def _unit(self, asked: Asked) -> Subject:
        if (asked.unit is None) == (asked.customer is None):
            raise InvalidInput("unit: give either unit, a pseudonym of ours, or customer, your own id of them")
        if asked.customer is not None:
            if not asked.customer.strip():
                raise InvalidInput("customer: it is empty; give your own id of the customer")
            return pseudonym(asked.customer, self._key)
        if not is_pseudonym(asked.unit or ""):
            raise InvalidInput("unit: it is no pseudonym of ours; give your own id of the customer as customer instead")
        return Subject(asked.unit or "")

    def _expose(self, found: Assignment, asked: Asked, now: Millis) -> None:
        """Append the exposure, once: its id is the unit's in this experiment, so a second one is recognised."""
        reference = hashlib.sha256(f"{found.experiment}\0{found.unit}".encode()).hexdigest()[:32]
        cluster = {"segment": {"cluster": asked.cluster}} if asked.cluster else {}
        event = {
            "specversion": "1.0",
            "id": f"exposure-{reference}",
            "source": asked.source or OWN_SOURCE,
            "type": "ressenti.exposure",
            "time": instants.render(now),
            "subject": found.unit,
            "data": {"experiment": found.experiment, "arm": found.arm, **cluster},
        }
        [verdict] = self._collector.collect([json.dumps(event).encode()], asked.source)
        if verdict.fault is not None and verdict.fault.code != ALREADY:
            raise Forbidden(f"the exposure was refused: {verdict.fault}")
