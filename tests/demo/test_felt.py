"""The simulated customers feel as the shipped policy supposes; when it moves, look at the planted truth again."""

import pytest

from demo.felt import INCIDENT, POINTS, TOLERATED, incident_loss, journey_loss, late_loss, wait_loss
from models.causes import Cause
from models.identifiers import DAY, HOUR
from models.policy import default
from models.scoring.promise import late_loss as scored_late_loss


@pytest.mark.parametrize(
    "cause",
    [
        Cause.REPEATED_STEP,
        Cause.CONTEXT_LOST,
        Cause.CHANNEL_UNFIT,
        Cause.MENU_LOOP,
        Cause.PAID_LINE,
        Cause.ABANDONED,
        Cause.TRANSFER_FAILED,
        Cause.COLD_TRANSFER,
        Cause.WRONG_ANSWER,
        Cause.INCIDENT_NOT_TOLD,
        Cause.PROMISE_BROKEN,
    ],
)
def test_points_are_those_of_the_policy(cause: Cause) -> None:
    assert POINTS[cause] * 100 == getattr(default(), cause.value)


def test_waits_incidents_and_lateness_are_those_of_the_policy() -> None:
    policy = default()
    assert POINTS[Cause.WAIT] * 100 == policy.wait_points
    assert {channel: seconds * 1000 for channel, seconds in TOLERATED.items()} == {
        channel: policy.tolerated(channel) for channel in TOLERATED
    }
    assert {severity: points * 100 for severity, points in INCIDENT.items()} == policy.incident
    for days in (0.01, 0.5, 3.0, 7.0, 40.0):
        assert late_loss(days) * 100 == pytest.approx(scored_late_loss(round(days * DAY), policy), abs=1)


def test_losses_grow_with_what_was_lived() -> None:
    waits = [wait_loss("phone", seconds) for seconds in range(0, 1500, 50)]
    assert waits == sorted(waits)
    assert waits[0] == 0
    assert [incident_loss("major", hours) for hours in (1, 8, 24, 99)] == [5, 5, 15, 15]
    assert default().incident_least == 8 * HOUR
    assert journey_loss([10.0, 30.0, 20.0]) == 36
