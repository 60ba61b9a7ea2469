"""Every metric, with what to do when it rises; the exposition and the documentation are made from this list."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without the prefix, kind, labels, what it says, and what to do when it rises."""

    name: str
    kind: Literal["counter", "gauge"]
    says: str
    when_it_rises: str
    labels: tuple[str, ...] = ()


PREFIX = "ressenti_"

METRICS: tuple[Metric, ...] = (
    Metric("events_received", "counter", "Events folded, whatever became of them.", "Nothing; it should."),
    Metric("events_scored", "counter", "Events that became facts.", "Nothing; it should."),
    Metric("events_duplicate", "counter", "Events already known.", "A client repeats itself: look at its retries."),
    Metric(
        "events_late", "counter", "Scored events beyond the late horizon.", "A source sends old events: import them."
    ),
    Metric(
        "events_erased", "counter", "Events of erased customers, left out.", "A source still sends a forgotten person."
    ),
    Metric(
        "events_undeclared", "counter", "Events counted under `other`.", "Declare their scopes, or raise the bound."
    ),
    Metric(
        "unknown_fields", "counter", "Fields the contract does not know, left out.", "A client sends a newer contract."
    ),
    Metric("events_dead", "counter", "Events that could not be scored.", "Read the dead letters, fix, replay."),
    Metric("dead_letters", "gauge", "Dead letters that are kept.", "Read them, fix, replay.", ("reason",)),
    Metric(
        "records_forwarded", "counter", "Records in the wrong partition, sent on.", "A client's partitioner is wrong."
    ),
    Metric(
        "offsets_skipped",
        "counter",
        "Offsets that held no record.",
        "On Kafka: transactions; or retention was too short.",
    ),
    Metric(
        "records_behind", "gauge", "Records appended and not yet folded.", "The engine is slow or stopped: see /livez."
    ),
    Metric(
        "log_away",
        "gauge",
        "1 while the log does not answer, or is another one: events get 503.",
        "Start the brokers; /readyz and the log lines say why.",
    ),
    Metric(
        "store_away",
        "gauge",
        "1 while the store does not answer: most metrics are missing, and pages and events get 503.",
        "Start the database; /readyz and the log lines say why.",
    ),
    Metric(
        "outbox_unsent",
        "gauge",
        "Results that wait to be sent to topics or webhooks, counted up to 100,000; absent where nobody hears them.",
        "Wrong only while nothing is sent: see `outbox_sent_seconds`.",
    ),
    Metric(
        "outbox_sent_seconds",
        "gauge",
        "When a result was last sent (Unix seconds).",
        "Long ago while some wait: a topic is missing or a webhook away; see the log lines, `ressenti topics check`.",
    ),
    Metric("watermark_seconds", "gauge", "The oldest partition's latest log time.", "Nothing; it should."),
    Metric(
        "engine_fences",
        "counter",
        "Times another writer came between.",
        "Erasures and replays do this; else two engines.",
    ),
    Metric(
        "collector_events",
        "counter",
        "Events at this process's collector.",
        "Rejected: read the verdicts.",
        ("verdict",),
    ),
    Metric("customers", "gauge", "Customers with facts in play.", "Nothing; memory does not grow with it."),
    Metric("rescues_open", "gauge", "Customers to call now.", "Call them."),
    Metric("gaps", "gauge", "Gaps by state.", "Confirmed: explain them.", ("state",)),
    Metric("experiments", "gauge", "Experiments by state.", "Evaluated: decide them.", ("state",)),
    Metric("score", "gauge", "Score of the last 24 hours, 0 to 100.", "Good.", ("metric", "scope")),
    Metric(
        "score_units", "gauge", "Contacts, journeys or customers behind that score.", "Nothing.", ("metric", "scope")
    ),
)
