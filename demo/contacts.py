"""One contact from its first second to its last, as the tool of its channel tells it.

Each cause is drawn independently with its planted rate; the treated arm of the trial sees the transcript, so its
repeated steps and lost contexts happen half as often, on the same draws.
"""

from typing import NamedTuple

from demo.catalogue import SOURCE_OF, TALKS
from demo.felt import POINTS, wait_loss
from demo.planted import STEPS, Rates
from demo.telling import Teller
from models.causes import Cause

SPARED = 0.5
"""What the transcript leaves of repeated steps and lost contexts."""
AGENTS = 40
_SLICE = 100
"""Seconds between two messages of a conversation that goes on."""


class Scene(NamedTuple):
    """What a contact is about and how likely it is to go wrong."""

    touchpoint: str
    channel: str
    rates: Rates
    wait: float
    """Mean seconds in the first queue, at this hour."""
    treated: bool
    journey: str | None = None


class Lived(NamedTuple):
    """What is left of a contact once it is over."""

    contact: str
    ended: int
    loss: float
    outcome: str


def contact(teller: Teller, at: int, scene: Scene) -> Lived:
    """Tell one contact that starts at ``at``."""
    return _talk(teller, at, scene) if scene.channel in TALKS else _message(teller, at, scene)


def _opening(teller: Teller, scene: Scene, name: str) -> str:
    journey = f'"journey":"{scene.journey}",' if scene.journey else ""
    return (
        f'"contact":"{name}",{journey}"touchpoint":"{scene.touchpoint}","channel":"{scene.channel}",{teller.segment},'
    )


def _outcome(teller: Teller, rates: Rates) -> str:
    draw = teller.draw()
    if draw < rates.abandoned:
        return "abandoned"
    return "unresolved" if draw < rates.abandoned + (1 - rates.abandoned) * rates.unresolved else "resolved"


def _talk(teller: Teller, at: int, scene: Scene) -> Lived:
    """Queue, answer, what goes wrong one thing after another, and the end."""
    draw, rates, source = teller.draw, scene.rates, SOURCE_OF[scene.channel]
    spared = SPARED if scene.treated else 1.0
    name = teller.name("c")
    opening = _opening(teller, scene, name)
    wait = int(teller.random.expovariate(1.0) * scene.wait)
    teller.say(at, "contact", source, opening + '"phase":"queued"')
    now = at + wait * 1000
    opening = f'{opening}"staff":"agent-{int(draw() * AGENTS)}",'
    teller.say(now, "contact", source, f'{opening}"phase":"answered","waits_s":[{wait}]')
    loss = wait_loss(scene.channel, wait)
    step = rates.step * spared
    steps = sum(draw() < step for _ in range(STEPS))
    for repeated in range(1, steps + 1):
        now += 30_000 + int(draw() * 60_000)
        teller.say(now, "contact", source, f'{opening}"phase":"progress","steps_repeated":{repeated}')
    lost = draw() < rates.context_lost * spared
    if lost:
        now += 20_000
        teller.say(now, "contact", source, f'{opening}"phase":"progress","context_lost":true')
    loss += POINTS[Cause.REPEATED_STEP] * steps + POINTS[Cause.CONTEXT_LOST] * lost
    transfer = _transferred(teller, now, scene, opening) if draw() < rates.transfer else None
    if transfer:
        now, loss = transfer.until, loss + transfer.loss
    outcome = _outcome(teller, rates)
    now = _worked_on(teller, now, source, opening)
    extra, more = _only_here(teller, scene)
    waits = f"[{wait},{transfer.wait}]" if transfer else f"[{wait}]"
    cold, failed = (transfer.cold, transfer.failed) if transfer else (False, False)
    teller.say(
        now,
        "contact",
        source,
        f'{opening}"phase":"ended","waits_s":{waits},"handling_s":{(now - at) // 1000 - wait},"steps_repeated":{steps},'
        f'"context_lost":{_json(lost)},"cold_transfers":{cold:d},"transfers_failed":{failed:d},{extra}'
        f'"outcome":"{outcome}"',
    )
    return Lived(name, now, loss + more + POINTS[Cause.ABANDONED] * (outcome == "abandoned"), outcome)


def _worked_on(teller: Teller, at: int, source: str, opening: str) -> int:
    """Tell that the conversation goes on, each minute or two; return when it ends."""
    spent, more = 0, 60 + int(teller.random.expovariate(1.0) * 240)
    while more > _SLICE:
        spent, more = spent + _SLICE, more - _SLICE
        teller.say(at + spent * 1000, "contact", source, f'{opening}"phase":"progress","handling_s":{spent}')
    return at + (spent + more) * 1000


class _Transfer(NamedTuple):
    until: int
    wait: int
    cold: bool
    failed: bool
    loss: float


def _transferred(teller: Teller, at: int, scene: Scene, opening: str) -> _Transfer:
    """Tell a transfer and its second queue, half as long as the first."""
    source = SOURCE_OF[scene.channel]
    cold, failed = teller.draw() < scene.rates.cold, teller.draw() < scene.rates.failed
    wait = int(teller.random.expovariate(2.0) * scene.wait)
    leaves = at + 45_000
    teller.say(leaves, "contact", source, f'{opening}"phase":"transferred","cold_transfers":{cold:d}')
    back = leaves + wait * 1000
    teller.say(back, "contact", source, f'{opening}"phase":"answered","transfers_failed":{failed:d}')
    loss = wait_loss(scene.channel, wait) + POINTS[Cause.COLD_TRANSFER] * cold + POINTS[Cause.TRANSFER_FAILED] * failed
    return _Transfer(back, wait, cold, failed, loss)


def _only_here(teller: Teller, scene: Scene) -> tuple[str, float]:
    """Return the fields that only this channel's tool sends, and what they cost."""
    draw, rates = teller.draw, scene.rates
    wrong, thanked, one, two = draw() < rates.wrong_answer, draw() < rates.thanked, draw(), draw()
    text = f'"wrong_answers":{wrong:d},"thanked":{_json(thanked)},'
    loss = POINTS[Cause.WRONG_ANSWER] * wrong
    if scene.channel == "chat":
        unfit, untold = one < rates.channel_unfit, two < rates.incident_not_told
        text += f'"channel_unfit":{_json(unfit)},"incident_not_told":{_json(untold)},'
        return text, loss + POINTS[Cause.CHANNEL_UNFIT] * unfit + POINTS[Cause.INCIDENT_NOT_TOLD] * untold
    loop, paid = one < rates.menu_loop, two < rates.paid_line
    text += f'"menu_loops":{loop:d},"paid_line":{_json(paid)},'
    return text, loss + POINTS[Cause.MENU_LOOP] * loop + POINTS[Cause.PAID_LINE] * paid


def _message(teller: Teller, at: int, scene: Scene) -> Lived:
    """Tell a contact in which nobody queues: one event when it is over."""
    draw, rates = teller.draw, scene.rates
    name, source = teller.name("c"), SOURCE_OF[scene.channel]
    opening = _opening(teller, scene, name)
    unresolved, wrong, unfit = draw() < rates.unresolved, draw() < rates.wrong_answer, draw() < rates.channel_unfit
    outcome = "unresolved" if unresolved else "resolved"
    if scene.channel in {"app", "web"}:
        loss, fields = POINTS[Cause.CHANNEL_UNFIT] * unfit, f'"channel_unfit":{_json(unfit)}'
    else:
        loss, fields = POINTS[Cause.WRONG_ANSWER] * wrong, f'"wrong_answers":{wrong:d}'
    if scene.channel == "email":
        delay = 3600 + int(teller.random.expovariate(1.0) * 14_400)
        teller.say(at, "contact", source, f'{opening}"phase":"progress"')
        at, fields = at + delay * 1000, f'{fields},"reply_delay_s":{delay}'
    elif scene.channel == "shop":
        fields += f',"thanked":{_json(draw() < rates.thanked)}'
    teller.say(at, "contact", source, f'{opening}"phase":"ended",{fields},"outcome":"{outcome}"')
    return Lived(name, at, loss, outcome)


def _json(value: bool) -> str:  # noqa: FBT001 - one boolean in, its JSON name out
    return "true" if value else "false"
