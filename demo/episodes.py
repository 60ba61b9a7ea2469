"""Episodes: what brings a customer to a touchpoint, what happens there, and how it was felt.

One function per kind of episode; each tells its events and returns how the customer felt it.
"""

from typing import NamedTuple

from demo.aftermath import Felt
from demo.calendar import Plan
from demo.contacts import Lived, Scene, contact
from demo.envelopes import instant
from demo.felt import incident_loss, journey_loss, late_loss
from demo.planted import (
    CES_TOP,
    COMPANY,
    CSAT_TOP,
    DEGRADED,
    FOLLOWED,
    PROMISES,
    RESTORE_HOURS,
    SEVERITIES,
    UNSEEN_POINTS,
    Lateness,
)
from demo.telling import Teller
from models.identifiers import DAY, HOUR, MINUTE


class Setting(NamedTuple):
    """Where and when an episode plays."""

    plan: Plan
    touchpoint: str
    at: int
    treated: bool = False
    regional: bool = False
    """It belongs to the regional outage."""


class Told(NamedTuple):
    """An episode's interactions: what was lost in treatment and on the product, and how the last contact ended."""

    treatment: list[float]
    product: list[float]
    contacts: list[Lived]
    ended: int
    journey: str | None = None


def episode(teller: Teller, setting: Setting) -> Felt:
    """Tell an episode of ``setting.touchpoint``."""
    told = _KINDS.get(setting.touchpoint, _contacts_only)(teller, setting)
    touchpoint, top = setting.touchpoint, CES_TOP if setting.touchpoint == "selfcare" else CSAT_TOP
    alone = told.contacts[0] if len(told.treatment) == len(told.contacts) == 1 and not told.product else None
    lost = alone.loss if alone else _journey_lost(told)
    unseen = UNSEEN_POINTS if teller.draw() < COMPANY[touchpoint].unseen else 0.0
    score = max(0.0, 100.0 - lost - unseen)
    level = sum(teller.draw() * 100.0 < score for _ in range(top))
    return Felt(touchpoint, told.ended, alone and alone.contact, told.journey, score, level, top)


def _journey_lost(told: Told) -> float:
    """Return what the episode cost by the shipped policy's arithmetic."""
    repaired = 0.3 if told.contacts and told.contacts[-1].outcome == "resolved" else 0.0
    return min(70.0, journey_loss(told.treatment)) * (1 - repaired) + min(30.0, journey_loss(told.product))


def _contacts(teller: Teller, setting: Setting, at: int, journey: str | None = None) -> list[Lived]:
    """Tell the first contact and, when it did not help, the one that follows."""
    planted, plan = COMPANY[setting.touchpoint], setting.plan
    channel = planted.channels[int(teller.draw() * len(planted.channels))]
    wait = planted.wait(channel) * plan.slowness(at)
    scene = Scene(setting.touchpoint, channel, planted.rates("first"), wait, setting.treated, journey)
    first = contact(teller, at, scene)
    if teller.draw() >= FOLLOWED[first.outcome]:
        return [first]
    pause = 5 * MINUTE if first.outcome == "abandoned" else 10 * HOUR
    again = first.ended + MINUTE + int(teller.random.expovariate(1.0) * pause)
    wait = planted.wait(planted.next_channel) * plan.slowness(again)
    scene = Scene(setting.touchpoint, planted.next_channel, planted.rates("again"), wait, setting.treated, journey)
    return [first, contact(teller, again, scene)]


def _contacts_only(teller: Teller, setting: Setting) -> Told:
    contacts = _contacts(teller, setting, setting.at)
    return Told([one.loss for one in contacts], [], contacts, contacts[-1].ended)


def _outage(teller: Teller, setting: Setting) -> Told:
    """Tell that the line fails, the customer asks for help, the line works again."""
    at, region = setting.at, setting.plan.outage
    if setting.regional and region:
        severity, restored = "outage", max(region.until, at + HOUR)
    else:
        severity = _severity(teller.draw())
        restored = at + int(teller.random.expovariate(1.0) * RESTORE_HOURS * HOUR)
    opening = f'"incident":"{teller.name("i")}","touchpoint":"outage_support",{teller.segment},"severity":"{severity}"'
    teller.say(at, "incident", "network", opening)
    contacts = _contacts(teller, setting, at + 5 * MINUTE + int(teller.draw() * 30 * MINUTE))
    teller.say(restored, "incident", "network", f'{opening},"restored":"{instant(restored)}"')
    loss = incident_loss(severity, (restored - at) / HOUR)
    return Told([one.loss for one in contacts], [loss], contacts, max(restored, contacts[-1].ended))


def _severity(draw: float) -> str:
    for severity, share in SEVERITIES.items():
        draw -= share
        if draw < 0:
            return severity
    return "outage"


def _delivery(teller: Teller, setting: Setting) -> Told:
    """Tell that something is bought, promised for a day, and comes on that day or late."""
    journey = teller.name("order")
    place = f'"journey":"{journey}","touchpoint":"delivery","channel":"web",{teller.segment}'
    teller.say(setting.at, "purchase", "crm", f'{place},"amount":{20 + int(teller.draw() * 300)}.00,"currency":"EUR"')
    return _promised(teller, setting, journey, 2 + int(teller.draw() * 3))


def _installation(teller: Teller, setting: Setting) -> Told:
    """Tell that an appointment is made by phone or chat, and kept or not."""
    journey = teller.name("install")
    booked = _contacts(teller, setting, setting.at, journey)
    later = setting._replace(at=booked[-1].ended + MINUTE)
    told = _promised(teller, later, journey, 3 + int(teller.draw() * 6))
    contacts = booked + told.contacts
    return Told([one.loss for one in booked] + told.treatment, [], contacts, told.ended, journey)


def _promised(teller: Teller, setting: Setting, journey: str, days: int) -> Told:
    """Tell a promise for the evening ``days`` from now, what came of it, and whether the customer had to ask."""
    at, draw = setting.at, teller.draw
    due = (at // DAY + days) * DAY + 18 * HOUR
    planted = PROMISES if due < setting.plan.degraded_at else {**PROMISES, **DEGRADED}
    lateness = planted[setting.touchpoint]
    place = f'"touchpoint":"{setting.touchpoint}",{teller.segment}'
    opening = f'"promise":"{teller.name("p")}","journey":"{journey}",{place},"due":"{instant(due)}"'
    teller.say(at, "promise", "logistics", f'{opening},"what":"{_WHAT[setting.touchpoint]}"')
    ended, loss = _kept(teller, due, lateness, opening)
    called = draw() < lateness.called * (1.0 if loss else 0.1)
    contacts = _contacts(teller, setting, due + int(draw() * DAY), journey) if called else []
    ended = max([ended, *(one.ended for one in contacts)])
    return Told([loss, *(one.loss for one in contacts)], [], contacts, ended)


_WHAT = {"delivery": "livraison a domicile", "installation": "passage du technicien"}


def _kept(teller: Teller, due: int, lateness: Lateness, opening: str) -> tuple[int, float]:
    """Tell what became of a promise; return when, and what it cost."""
    draw = teller.draw()
    if draw < lateness.broken:
        at = due + 12 * HOUR
        teller.say(at, "promise", "logistics", f'{opening},"broken":true')
        return at, late_loss(0.5)
    if draw < lateness.broken + lateness.late:
        at = due + HOUR + int(teller.random.expovariate(1.0) * lateness.mean_days * DAY)
    else:
        at = due - HOUR - int(teller.draw() * 8 * HOUR)
    teller.say(at, "promise", "logistics", f'{opening},"done":"{instant(at)}"')
    return at, late_loss((at - due) / DAY)


_KINDS = {"outage_support": _outage, "delivery": _delivery, "installation": _installation}
