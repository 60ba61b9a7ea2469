"""What folds say to the world: states with versions, references to dead letters, and word of what is no more."""

import json
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from models.chunks import Chunk
from models.errors import RefusedToStart
from models.identifiers import MINUTE, Millis, Offset, Subject
from store.database import Store
from streams.delivering import TO_WEBHOOKS, heard
from streams.poison import buried
from streams.publishing import LETTER, News, letters, messages
from streams.settings import read
from streams.webhooks import Deliveries, Receiver
from tests.store.samples import journey_row, letter, rescue, subject
from tests.streams.events import SUBJECTS, T0, always, contact, records
from tests.streams.worlds import World

ANNE = SUBJECTS[0]
WHO = subject(1)
ALL = frozenset({"scores", "rescues", "dead-letters"})


def test_a_fold_tells_of_scores_rescues_and_dead_letters_under_ids_of_their_own() -> None:
    world = World(always())
    world.state = replace(world.state, topics=ALL)
    stream = [
        contact(ANNE, T0, "c1", "queued"),
        contact(ANNE, T0 + 20 * MINUTE, "c1", "answered"),
        contact(ANNE, T0 + 21 * MINUTE, "c1", "progress", steps_repeated=2),
        (ANNE.encode(), b"{no json"),
    ]
    effects = world.fold(records(stream, [T0, *(T0 + n * MINUTE for n in (20, 21, 22))]))
    said = [(message.topic, message.offset, message.n) for message in effects.outbox]
    assert {topic for topic, _, _ in said} == ALL
    assert len(set(said)) == len({(offset, n) for _, offset, n in said}) == len(said)
    (dead,) = (message for message in effects.outbox if message.topic == "dead-letters")
    assert (dead.offset, dead.n, dead.payload) == (3, LETTER, b"")


def test_a_record_that_the_database_refuses_is_told_of_too() -> None:
    world = World(always())
    (record,) = records([contact(ANNE, T0, "c1", "queued")], T0)
    effects = world.fold([record])
    assert letters(effects.dead_letters, ALL) == []
    single = Chunk(effects.partition, effects.start, effects.end, [record])
    grave = buried(single, effects, "refused")
    assert [(m.topic, m.offset, m.n) for m in letters(grave.dead_letters, ALL)] == [("dead-letters", 0, LETTER)]
    assert letters(grave.dead_letters, frozenset({"scores"})) == []


def test_what_is_gone_is_told_before_what_is() -> None:
    news = News(WHO, Offset(9), {"new": journey_row(WHO, "new")}, {"b", "a"}, {"new": rescue(WHO, "new")}, {"a"})
    said = messages(news, ALL)
    assert [(m.topic, m.key, m.n) for m in said] == [
        ("scores", f"{WHO}/a", 0),
        ("scores", f"{WHO}/b", 1),
        ("scores", f"{WHO}/new", 2),
        ("rescues", f"{WHO}/a", 3),
        ("rescues", f"{WHO}/new", 4),
    ]
    assert [m.payload == b"" for m in said] == [True, True, False, True, False]
    assert {json.loads(m.payload)["version"] for m in said if m.payload} == {9}
    assert messages(news, frozenset()) == []


def test_a_webhook_hears_of_what_is_gone_in_words(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def post(_url: str, body: bytes, _headers: object, _seconds: float) -> int:
        bodies.append(body)
        return HTTPStatus.OK

    with Store.open(tmp_path / "data", partitions=1) as store:
        store.outbox.add(messages(News(Subject("p1_x"), Offset(3), {}, {"j"}, {}, set()), ALL))
        assert Deliveries(store.outbox, Receiver("https://crm.example"), post).tick(Millis(1)) == 1
    (told,) = map(json.loads, bodies)
    assert (told["type"], told["topic"], told["key"]) == ("ressenti.gone", "scores", "p1_x/j")


def test_nobody_hears_anything_unless_told_to() -> None:
    assert heard(read({})) == frozenset()
    assert heard(read({}, webhook_url="https://crm.example/hook")) == TO_WEBHOOKS


def test_topics_hear_what_settings_say() -> None:
    assert heard(read({}, kafka_bootstrap="h:1")) == {"dead-letters", "scores", "rescues", "gaps", "verdicts"}
    assert heard(read({}, kafka_bootstrap="h:1", kafka_publish="gaps,rescues")) == {"gaps", "rescues"}
    assert heard(read({}, kafka_bootstrap="h:1", kafka_publish="")) == frozenset()
    with pytest.raises(RefusedToStart, match="RESSENTI_KAFKA_PUBLISH"):
        read({"RESSENTI_KAFKA_PUBLISH": "gaps;rescues"})


def test_two_listeners_are_one_too_many() -> None:
    with pytest.raises(RefusedToStart, match="take RESSENTI_WEBHOOK_URL away"):
        heard(read({}, kafka_bootstrap="h:1", webhook_url="https://crm.example/hook"))


def test_letters_hold_no_bytes_of_the_record() -> None:
    (said,) = letters([letter(4, WHO, b"secret")], ALL)
    assert b"secret" not in said.payload
    assert WHO not in said.key
