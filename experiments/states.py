"""Where an experiment stands, who acts on it, and the line each act leaves in its audit trail.

The rules that connect them are in ``life_cycle``; this is only the vocabulary.
"""

from enum import StrEnum

import msgspec

from models.identifiers import Millis


class State(StrEnum):
    """The states of docs/method.md §4, in the order of a life without accidents."""

    DRAFT = "draft"
    EXPLAINED = "explained"
    PLANNED = "planned"
    RUNNING = "running"
    HALTED = "halted"
    MEASURING = "measuring"
    EVALUATED = "evaluated"
    DECIDED = "decided"
    VOID = "void"


class Role(StrEnum):
    """In which capacity somebody acts; ``ANYONE`` is every person, ``SYSTEM`` is no person."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    OWNER = "owner"
    ANYONE = "anyone"
    SYSTEM = "system"


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and in which role; whoever authenticates people (``web``) vouches for both."""

    name: str
    role: Role


SYSTEM = Actor("ressenti", Role.SYSTEM)
"""The evaluator itself."""


class AuditEntry(msgspec.Struct, frozen=True):
    """One act: when, who, what, from which state to which, and why."""

    at: Millis
    actor: str
    role: Role
    act: str
    before: State
    after: State
    note: str = ""
