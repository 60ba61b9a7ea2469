"""Interactions: the contract that every event meets before it becomes a fact.

One file per noun; ``bounds`` for single values, ``envelope`` for CloudEvents, ``validation`` for verdicts that explain,
``decoding`` for verdicts that are fast. No scoring here.
"""

from models.interactions.envelope import EVENTS, TYPES, CloudEvent
from models.interactions.validation import validate

__all__ = ["EVENTS", "TYPES", "CloudEvent", "validate"]
