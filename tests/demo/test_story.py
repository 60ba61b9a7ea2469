"""The story of docs/method.md against the real scorer, to the hundredth, and the rescue before the abandonment."""

from demo import story
from models.facts import AnyFact
from models.identifiers import MINUTE
from models.interactions import validate
from models.interactions.decoding import Decoded, decode
from models.policy import default
from models.scoring import journeys_of, score_journey

START = 1_795_000_000_000


def test_the_sequence_is_the_one_worked_in_the_method() -> None:
    assert story.sequence() == [70, 55, 50, 45, 39, 27, 25, 23.4, 22.4, 21.4, 18.4, 6.4, 0.4]


def test_the_score_after_each_event_is_the_one_told() -> None:
    facts: list[AnyFact] = []
    for moment, event in zip(story.MOMENTS, story.events(START), strict=True):
        facts.append(_fact(event.value, event.key))
        (journey,) = journeys_of(facts, default())
        assert score_journey(journey, default(), event.time).shown == round(moment.score * 100), moment.says


def test_the_causes_of_the_whole_are_those_of_the_method() -> None:
    facts = [_fact(event.value, event.key) for event in story.events(START)]
    (journey,) = journeys_of(facts, default())
    score = score_journey(journey, default(), facts[-1].time)
    assert score.lost == {
        "incident": 3000,
        "wait": 2800,
        "repeated_step": 1200,
        "transfer_failed": 1200,
        "context_lost": 800,
        "menu_loop": 600,
        "abandoned": 240,
        "channel_unfit": 120,
    }


def test_the_rescue_comes_before_the_abandonment() -> None:
    rescued = story.MOMENTS[story.RESCUED_AT]
    abandoned = next(m for m in story.MOMENTS if m.data.get("outcome") == "abandoned")
    assert rescued.score == 50
    assert rescued.minute + 10 <= abandoned.minute


def test_every_event_meets_the_contract_and_keeps_the_times_of_the_story() -> None:
    for moment, event in zip(story.MOMENTS, story.events(START, history=True), strict=True):
        valid = validate(event.value)
        assert valid.history is True
        assert event.time == START + moment.minute * MINUTE
        assert valid.subject == story.subject()


def _fact(value: bytes, key: bytes) -> AnyFact:
    decoded = decode(value, key)
    assert isinstance(decoded, Decoded)
    return decoded.fact
