"""What topics must be: made right, checked, one sentence for each fault, and never changed behind anybody's back."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient

from models.errors import RefusedToStart
from models.identifiers import DAY
from streams.kafka.clients import cluster_of
from streams.kafka.topic_admin import create, found, look, wrong_outgoing
from streams.kafka.topics import Found, Noun, Topic, faults, grave_faults, topics_of
from streams.settings import Settings, read
from tests.servers.kafka import Kafka
from web.cli.main import run

GOOD = {
    "cleanup.policy": "delete",
    "retention.ms": str(29 * DAY),
    "retention.bytes": "-1",
    "segment.ms": str(DAY),
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": "1048588",
    "min.insync.replicas": "2",
    "unclean.leader.election.enable": "false",
}


TOLD = ("scores", "verdicts")


def wanted(noun: Noun = "interactions") -> Topic:
    (topic,) = (one for one in topics_of(Settings()) if one.noun == noun)
    return topic


def has(partitions: int = 16, replication: int = 3, **configs: str) -> Found:
    changed = {name.replace("__", "."): value for name, value in configs.items()}
    return Found(str(uuid.uuid4()), partitions, replication, GOOD | changed)


def test_a_topic_as_it_must_be_has_no_fault() -> None:
    assert faults(wanted(), has(), 3) == []


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (
            has(partitions=8),
            "has 8 partitions, RESSENTI_PARTITIONS says 16; name the right topic, or begin with a new, empty database",
        ),
        (has(message__timestamp__type="CreateTime"), "message.timestamp.type=LogAppendTime"),
        (
            has(cleanup__policy="compact"),
            '--bootstrap-server "$RESSENTI_KAFKA_BOOTSTRAP" --alter --topic interactions --add-config cleanup.policy=',
        ),
        (has(retention__ms="-1"), "keeps what customers did for ever, at most 30 are allowed"),
        (has(retention__ms=str(30 * DAY)), "for up to 31 days"),
        (has(segment__ms=str(7 * DAY)), "for up to 36 days (retention.ms + segment.ms)"),
        (has(retention__ms="60000"), "deletes after 60 s what may not be read yet"),
        (has(retention__bytes="1000000"), "retention.bytes=-1"),
        (has(replication=1, min__insync__replicas="1"), "has 1 copy, 3 are asked for"),
        (has(min__insync__replicas="3"), "takes nothing while one broker is away; set min.insync.replicas=2"),
        (has(min__insync__replicas="1"), "acknowledges what only one broker has; set min.insync.replicas=2"),
        (has(unclean__leader__election__enable="true"), "set unclean.leader.election.enable=false"),
        (has(max__message__bytes="50000"), "takes at most 50000 bytes"),
    ],
)
def test_each_fault_is_one_sentence_with_the_remedy(there: Found, sentence: str) -> None:
    (said,) = faults(wanted(), there, 3)
    assert said.startswith("topic interactions ")
    assert sentence in said
    assert "\n" not in said


def test_a_missing_topic_is_one_fault() -> None:
    assert faults(wanted(), None, 3) == ["topic interactions does not exist; run: ressenti topics create"]


def test_only_what_would_give_wrong_answers_keeps_from_starting() -> None:
    sloppy = has(retention__ms="-1", min__insync__replicas="1", replication=1)
    assert grave_faults(wanted(), sloppy) == []
    assert len(grave_faults(wanted(), has(partitions=8, message__timestamp__type="CreateTime"))) == 2
    assert "32 are the most" in " ".join(grave_faults(replace(wanted(), partitions=64), has(partitions=64)))


def test_a_state_is_compacted_and_what_customers_did_is_deleted_within_thirty_days() -> None:
    for topic in topics_of(Settings()):
        configs = topic.configs
        personal = topic.noun not in {"gaps", "verdicts"}
        assert ("compact" in topic.cleanup) == (topic.noun in {"scores", "rescues", "gaps", "verdicts"})
        assert ("delete" in topic.cleanup) == personal
        if personal:
            assert int(configs["retention.ms"]) + int(configs["segment.ms"]) <= 30 * DAY
    assert {topic.noun for topic in topics_of(Settings()) if topic.append_time} == {"interactions"}


def test_names_carry_the_prefix() -> None:
    names = {topic.name for topic in topics_of(read({}, kafka_prefix="staging.", kafka_topic="crm"))}
    assert {"staging.crm", "staging.scores", "staging.dead-letters"} <= names


@pytest.fixture
def settings(kafka: Kafka) -> Iterator[Settings]:
    """Return settings with a prefix of the test's own; its topics are gone afterwards."""
    given = read(
        {},
        kafka_bootstrap=kafka.bootstrap,
        kafka_prefix=f"test-{uuid.uuid4().hex[:8]}.",
        kafka_replication=1,
        partitions=4,
    )
    yield given
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.delete_topics([topic.name for topic in topics_of(given)], raise_errors=False)


@pytest.mark.kafka
def test_what_is_missing_is_made_as_it_must_be_and_nothing_is_made_twice(settings: Settings) -> None:
    assert all("does not exist" in one.faults[0] and not one.created for one in look(settings))
    made = look(settings, make=True)
    assert [(one.created, one.faults) for one in made] == [(True, [])] * 7
    assert [(one.created, one.faults) for one in look(settings, make=True)] == [(False, [])] * 7


@pytest.mark.kafka
def test_of_the_topics_of_results_only_those_that_are_told_must_be_there(settings: Settings) -> None:
    lacking = [f"topic {settings.kafka_prefix}{noun} does not exist; run: ressenti topics create" for noun in TOLD]
    assert wrong_outgoing(settings, TOLD) == lacking
    look(settings, make=True)
    assert wrong_outgoing(settings, TOLD) == []
    grown = settings.model_copy(update={"partitions": 8})
    assert wrong_outgoing(grown, TOLD) == [], "the interactions are another's to judge"


@pytest.mark.kafka
def test_a_topic_that_is_there_is_told_of_and_not_changed(settings: Settings) -> None:
    name = settings.kafka_prefix + "interactions"
    admin = cluster_of(settings).admin()
    try:
        admin.create_topics({name: {"num_partitions": 2, "configs": {"retention.ms": "-1"}}}, wait_for_metadata=True)
        before = found(admin, name)
        (interactions, *_) = look(settings, make=True)
        assert not interactions.created
        assert len(interactions.faults) == 3  # partitions, the senders' times, kept for ever
        assert found(admin, name) == before
    finally:
        admin.close()


@pytest.mark.kafka
def test_more_copies_than_brokers_are_refused_with_the_choice_there_is(settings: Settings) -> None:
    admin = cluster_of(settings).admin()
    try:
        brokers = len(admin.describe_cluster()["brokers"])
        with pytest.raises(RefusedToStart, match=rf"there are {brokers}; add brokers, or set RESSENTI_KAFKA_REPL"):
            create(admin, topics_of(settings)[0], brokers + 1)
    finally:
        admin.close()


@pytest.mark.kafka
def test_the_command_makes_checks_and_tells(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("kafka_bootstrap", "kafka_prefix", "kafka_replication", "partitions"):
        monkeypatch.setenv(f"RESSENTI_{name.upper()}", str(getattr(settings, name)))
    assert run(["topics", "check"]) == 1
    assert "does not exist; run: ressenti topics create" in capsys.readouterr().out
    assert run(["topics", "create"]) == 0
    assert "All 7 topics are as they must be" in capsys.readouterr().out
    monkeypatch.setenv("RESSENTI_PARTITIONS", "16")
    assert run(["topics", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert [one["faults"] != [] for one in told["topics"]] == [True, False, False, False, False, False, False]


def test_the_command_without_a_kafka_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RESSENTI_KAFKA_BOOTSTRAP", raising=False)
    assert run(["topics", "check"]) == 3
    assert "set RESSENTI_KAFKA_BOOTSTRAP to host:port of a broker" in capsys.readouterr().err
