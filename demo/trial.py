"""The ledger of the demo's experiment: why repeated steps and lost contexts happen, what is tried, what is expected.

The words a team would write. Who carries it through its life, and when, is in ``demo.loop``; the effect that was really
planted is ``demo.truth.effect``.
"""

from experiments.decision import Learning
from experiments.design import Arm, Baseline, Design
from experiments.life_cycle import Opening
from experiments.plan import Expected, Fidelity, Guardrail, Mechanism, Origin, Plan, Step
from experiments.root_causes import Evidence, Rival, RootCause
from experiments.states import Actor, Role
from models.identifiers import Millis

EXPERIMENT = "transcript-visible"
SCOPE = "touchpoint:outage_support"
METRIC = "contact_score"
CONTROL, TREATED = "control", "transcript"
ARMS = (Arm(CONTROL), Arm(TREATED))
EXPECTED_POINTS = 4.0
"""What the team hopes for; it does not know what was planted."""

AUTHOR = Actor("Inès Martin", Role.AUTHOR)
REVIEWER = Actor("Paul Roux", Role.REVIEWER)
OWNER = Actor("Camille Robert", Role.OWNER)

CAUSE = RootCause(
    statement="The technician cannot see what the customer already wrote or did, so everything is asked again.",
    cause="repeated_step",
    evidence=(
        Evidence("ledger", "Repeated steps and lost contexts are the largest losses after waiting.", SCOPE),
        Evidence("staff", "« On ne voit pas ce que le client a écrit dans le chat, on lui fait tout répéter. »"),
        Evidence("observation", "Chat opened by the team on a Monday: asked twice to restart the box."),
    ),
    rivals=(
        Rival(
            "New technicians follow the script by the letter.",
            "Points lost to repeated steps do not differ between agents beyond chance.",
        ),
    ),
)
LEARNING = Learning(
    "Technicians who see the transcript ask for half as many steps again; who comes back loses their context half "
    "as often. Waiting is untouched: it is the next cause.",
    next_idea="Call back at a promised time instead of letting people queue.",
    tags=("support", "context"),
)


def opening(gap: str, salt: str) -> Opening:
    """Return the first draft, which comes from ``gap``."""
    origin = Origin("gap", gap, "Contacts about outages fall short of their target.")
    return Opening(EXPERIMENT, "Technician sees the chat transcript", salt, OWNER.name, origin)


def explained() -> Plan:
    """Return the plan once the causes are established, and nothing more."""
    return Plan(causes=(CAUSE,))


def planned(baseline: Baseline, policy: str, end: Millis, window: Millis) -> Plan:
    """Return the whole plan: enrolment until ``end``, each customer measured for ``window``."""
    days = 28
    return Plan(
        causes=(CAUSE,),
        hypothesis="If the technician sees the transcript, fewer steps are repeated and less context is lost.",
        steps=(
            Step("Show the last seven days' chat transcript beside the call.", "support tools"),
            Step("Open each conversation by naming what was already tried.", "support leads"),
        ),
        expected=Expected(METRIC, "up", EXPECTED_POINTS, Millis(end + window), SCOPE),
        mechanism=Mechanism("loss.repeated_step", "down", "Fewer points are lost to steps done again."),
        fidelity=Fidelity("Twenty conversations a week are listened to."),
        guardrails=(Guardrail("contacts", "down", 0.3),),
        design=Design(
            arms=ARMS,
            units=int(baseline.units_per_day * days),
            end=end,
            policy=policy,
            baseline=baseline,
            window=window,
            stopping="fixed",
        ),
    )
