"""The contract with Faust, mode and aiokafka: every inner name the worker leans on, what for, and what to do.

These libraries may rename what is theirs at any release. When one of these fails after an upgrade, read what the row
says, look the name up in the new release, and mend the file it names; then run the tests marked ``kafka``, which show
whether anything is lost. Until then keep the old release.
"""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher, subscription_state
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, Subscription, TopicPartitionState
from aiokafka.errors import OffsetOutOfRangeError
from faust.app.base import App, BootStrategy
from faust.serializers.schemas import Schema
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport import drivers
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service
from mode.threads import QueueServiceThread, ServiceThread, WorkerThread

from streams.worker.consumer_thread import ChunkThread
from streams.worker.transport import SCHEME, ChunkConsumer, ChunkTransport, Unread, register

HERE = "streams/worker"


@dataclass(frozen=True)
class Call:
    """A function that is called or overridden, with the parameters it must have."""

    of: Callable[..., Any]
    parameters: tuple[str, ...]
    used: str
    mend: str

    def __str__(self) -> str:
        return self.of.__qualname__


CALLS = [
    Call(
        driver.AIOKafkaConsumerThread._create_worker_consumer,
        ("self", "transport"),
        "overridden to make aiokafka's consumer ourselves: read_committed, no resets, short fetches",
        f"{HERE}/consumer_thread.py: override whatever makes the consumer now; aborted transactions would be counted",
    ),
    Call(
        driver.AIOKafkaConsumerThread._fetch_records,
        ("self", "consumer", "active_partitions", "timeout", "max_records"),
        "overridden to wrap what was fetched as chunks, in the thread where seeks happen too",
        f"{HERE}/consumer_thread.py: find where fetched_records is called now; nothing may be awaited between it and "
        "the look at the positions",
    ),
    Call(
        driver.AIOKafkaConsumerThread._seek_wait,
        ("self", "consumer", "partitions"),
        "overridden to note where the next chunk begins",
        f"{HERE}/consumer_thread.py: every seek must pass through one place that tells Covering",
    ),
    Call(
        driver.AIOKafkaConsumerThread.__post_init__,
        ("self",),
        "extended with our state",
        f"{HERE}/consumer_thread.py: set it wherever the thread is made now",
    ),
    Call(
        driver.AIOKafkaConsumerThread.highwater,
        ("self", "tp"),
        "overridden: Faust asks from another thread, and aiokafka asserts that the partition is still assigned",
        f"{HERE}/consumer_thread.py: a rebalance in between would end the fetcher",
    ),
    Call(
        driver.AIOKafkaConsumerThread.verify_event_path,
        ("self", "now", "tp"),
        "overridden to do nothing: it would report a chunk being folded as a hanging stream",
        f"{HERE}/consumer_thread.py: silence whatever watches for slow streams now",
    ),
    Call(
        driver.AIOKafkaConsumerThread._ensure_consumer,
        ("self",),
        "gives aiokafka's consumer",
        f"{HERE}/consumer_thread.py",
    ),
    Call(
        QueueServiceThread.call_thread,
        ("self", "fun", "args", "kwargs"),
        "runs a coroutine function in the consumer's thread",
        f"{HERE}/consumer_thread.py: aiokafka's consumer is for its own loop alone",
    ),
    Call(
        ServiceThread.on_crash,
        ("self", "msg", "fmt", "kwargs"),
        "overridden: mode prints tracebacks to standard error by itself",
        f"{HERE}/consumer_thread.py",
    ),
    Call(
        WorkerThread.run,
        ("self",),
        "extended to keep Python from printing what crashed the thread and was told already (ServiceThread.Worker)",
        f"{HERE}/consumer_thread.py",
    ),
    Call(
        driver.Consumer._new_consumer_thread,
        ("self",),
        "overridden to make our thread",
        f"{HERE}/transport.py: make ChunkThread wherever the thread is made now",
    ),
    Call(
        driver.Consumer._to_message,
        ("self", "tp", "record"),
        "overridden to make one message of what a fetch brought",
        f"{HERE}/transport.py: a message per record costs nine tenths of the rate",
    ),
    Call(
        faust_consumer.ThreadDelegateConsumer.seek_to_committed,
        ("self",),
        "overridden to read the store's positions instead of Kafka's",
        f"{HERE}/transport.py: the store alone knows what is folded",
    ),
    Call(
        faust_consumer.Consumer.on_partitions_revoked,
        ("self", "revoked"),
        "extended: the checkpoint at work is finished before partitions go",
        f"{HERE}/transport.py: without it every rebalance costs a fence",
    ),
    Call(
        faust_consumer.Consumer.on_partitions_assigned,
        ("self", "assigned", "generation_id"),
        "extended: where nothing is assigned all is let go, since perform_seek is called where something is",
        f"{HERE}/transport.py: without it a worker that lost everything would hold it until the reconciler looks twice",
    ),
    Call(
        faust_consumer.Consumer.on_buffer_full,
        ("self", "tp"),
        "overridden to do nothing: with every partition taken out of the fetcher it sleeps for a second",
        f"{HERE}/transport.py",
    ),
    Call(faust_consumer.Consumer.on_buffer_drop, ("self", "tp"), "its counterpart", f"{HERE}/transport.py"),
    Call(
        Recovery._resume_streams,
        ("self", "generation_id"),
        "calls perform_seek, and so seek_to_committed, after every assignment, before anything flows",
        f"{HERE}/transport.py: call ChunkConsumer.seek_to_committed from whatever runs after an assignment now",
    ),
    Call(
        Schema.loads_value,
        ("self", "app", "message", "loads", "serializer"),
        "overridden to pass a chunk on as it is",
        f"{HERE}/app.py",
    ),
    Call(Schema.loads_key, ("self", "app", "message", "loads", "serializer"), "overridden likewise", f"{HERE}/app.py"),
    Call(App.on_first_start, ("self",), "overridden: Faust makes folders otherwise", f"{HERE}/app.py"),
    Call(
        Service.wait_until_stopped,
        ("self",),
        "returns when the application or one of its services crashed",
        f"{HERE}/worker.py: a crashed Faust must end the process",
    ),
    Call(
        GroupCoordinator.check_errors,
        ("self",),
        "raises what ails the group; nobody else asks, and the group waits for ever until it is heard",
        f"{HERE}/consumer_thread.py",
    ),
    Call(
        Fetcher.fetched_records,
        ("self", "partitions", "timeout", "max_records"),
        "moves positions and returns records without a pause between the two",
        f"{HERE}/consumer_thread.py: chunks would claim the wrong offsets",
    ),
    Call(AIOKafkaConsumer.seek, ("self", "partition", "offset"), "goes over a hole", f"{HERE}/consumer_thread.py"),
    Call(
        Subscription._assign,
        ("self", "topic_partitions"),
        "makes a new Assignment every time, by which we know positions of before from those of now",
        f"{HERE}/consumer_thread.py (_begin): a chunk could begin where an earlier assignment ended, and skip the rest",
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_functions_are_there_with_the_parameters_that_are_used(call: Call) -> None:
    parameters = tuple(inspect.signature(call.of).parameters)
    assert parameters == call.parameters, f"{call}: {call.used}. Mend {call.mend}"


def test_every_method_we_override_is_one_of_theirs() -> None:
    """An override that overrides nothing is never called."""
    ours = {
        ChunkThread: (driver.AIOKafkaConsumerThread, {"seek_present", "positions", "hint"}),
        ChunkConsumer: (driver.Consumer, {"go_to", "positions", "hint", "expired", "assigned"}),
    }
    for mine, (theirs, new) in ours.items():
        public = {name for name, member in vars(mine).items() if inspect.isfunction(member) and name[0] != "_"}
        assert {name for name in public - new if not hasattr(theirs, name)} == set(), f"{mine} adds to {theirs}"
        assert {name for name in new if hasattr(theirs, name)} == set(), f"{theirs} has names of {mine} now"


def test_the_versions_are_those_that_were_read() -> None:
    """Chunks lean on inner names; another minor release must be read first."""
    assert faust.__version__.startswith("0.15."), "read streams/worker against this Faust, then change the pin"
    assert aiokafka.__version__.startswith("0.14."), "read streams/worker against this aiokafka, then change this line"


def test_a_scheme_of_ours_finds_our_transport() -> None:
    register()
    assert drivers.by_url(f"{SCHEME}://127.0.0.1:9092") is ChunkTransport


def test_faust_drops_by_a_note_it_keeps_in_a_mapping_of_the_consumer() -> None:
    """Else ``Unread`` is never asked, and chunks sought again are dropped as old."""
    source = inspect.getsource(faust_consumer.Consumer._drain_messages)
    assert "get_read_offset = self._read_offset.__getitem__" in source
    assert "r_offset is None or offset >= r_offset" in source
    note = Unread()
    note[TP("t", 0)] = 99
    assert note[TP("t", 0)] is None


def test_chunks_are_delivered_through_what_we_override() -> None:
    """Which methods of theirs call the ones we put in their place."""
    assert "self._fetch_records" in inspect.getsource(driver.AIOKafkaConsumerThread.getmany)
    assert "fetcher.fetched_records" in inspect.getsource(driver.AIOKafkaConsumerThread._fetch_records)
    assert "self._seek_wait" in inspect.getsource(driver.AIOKafkaConsumerThread.seek_wait)
    assert "self.seek_to_committed()" in inspect.getsource(faust_consumer.Consumer.perform_seek)
    assert "consumer.perform_seek()" in inspect.getsource(Recovery._resume_streams)
    assert "self._create_worker_consumer" in inspect.getsource(driver.AIOKafkaConsumerThread._create_consumer)
    getmany = inspect.getsource(faust_consumer.Consumer.getmany)
    assert "to_message = self._to_message" in getmany
    assert "self.highwater(tp)" in getmany


def test_acks_off_means_that_faust_commits_nothing() -> None:
    """An exception that leaves an agent acknowledges its event; only topics with acks are committed."""
    assert "acks_enabled_for(message.topic)" in inspect.getsource(faust_consumer.Consumer.ack)
    assert "if channel.acks" in inspect.getsource(faust.transport.conductor.Conductor._update_indices)


def test_a_message_has_the_fields_we_fill() -> None:
    assert {"topic", "partition", "offset", "value", "tp", "generation_id"} <= set(
        inspect.signature(ConsumerMessage).parameters
    )


def test_the_producer_and_the_web_server_can_be_left_out() -> None:
    assert hasattr(BootStrategy, "enable_kafka_producer")
    assert hasattr(BootStrategy, "enable_web")
    source = inspect.getsource(BootStrategy._should_enable_kafka_producer)
    assert "self.enable_kafka_producer" in source


def test_the_state_of_a_service_is_told_by_these_names() -> None:
    assert isinstance(inspect.getattr_static(Service, "crashed"), property)
    assert isinstance(inspect.getattr_static(Service, "crash_reason"), property)
    assert "rebalancing" in App.__annotations__ or hasattr(App, "rebalancing")
    assert hasattr(App, "consumer_generation_id")


def test_aiokafkas_consumer_takes_what_we_give_it() -> None:
    wanted = {
        "bootstrap_servers", "client_id", "group_id", "group_instance_id", "partition_assignment_strategy",
        "isolation_level", "auto_offset_reset", "enable_auto_commit", "max_poll_records", "max_poll_interval_ms",
        "fetch_max_wait_ms", "session_timeout_ms", "heartbeat_interval_ms", "rebalance_timeout_ms",
        "security_protocol", "ssl_context", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password",
    }  # fmt: skip
    assert wanted <= set(inspect.signature(AIOKafkaConsumer).parameters)


def test_a_partition_knows_its_position_from_the_first_seek_on() -> None:
    """``_positions`` reads ``consumer._subscription.subscription.assignment``, its ``tps`` and these states."""

    async def body() -> None:
        assignment = Assignment([TopicPartition("t", 0)])
        state = assignment.state_value(TopicPartition("t", 0))
        assert isinstance(state, TopicPartitionState)
        assert not state.has_valid_position
        state.seek(7)
        assert (state.has_valid_position, state.position) == (True, 7)
        assert assignment.state_value(TopicPartition("t", 1)) is None
        assert set(assignment.tps) == {TopicPartition("t", 0)}
        assert state.highwater is None

    asyncio.run(body())
    assert isinstance(inspect.getattr_static(subscription_state.SubscriptionState, "subscription"), property)
    assert isinstance(inspect.getattr_static(Subscription, "assignment"), property)


def test_taking_fetched_records_moves_the_position_over_markers_too() -> None:
    """So the position after a fetch is the end of the chunk."""

    class Records:
        next_fetch_offset = 3

        def __iter__(self) -> "Records":
            return self

        def __next__(self) -> object:
            self.next_fetch_offset += 1
            if self.next_fetch_offset > 5:
                self.next_fetch_offset = 9  # a marker, or offsets that compaction took
                raise StopIteration
            return object()

    async def body() -> None:
        tp = TopicPartition("t", 0)
        assignment = Assignment([tp])
        assignment.state_value(tp).seek(3)
        result = FetchResult(tp, assignment=assignment, partition_records=Records(), backoff=0)
        assert len(result.getall(None)) == 2
        assert assignment.state_value(tp).position == 9

    asyncio.run(body())


def test_without_a_reset_a_lost_position_is_an_error_that_names_it() -> None:
    """``_find_again`` reads ``error.args[0]``: partition → the position that the log does not have."""
    source = inspect.getsource(Fetcher._proc_fetch_request)
    assert "OffsetOutOfRangeError({tp: fetch_offset})" in source
    assert "self._default_reset_strategy != OffsetResetStrategy.NONE" in source
    assert fetcher.OffsetResetStrategy.from_str("none") == fetcher.OffsetResetStrategy.NONE
    assert OffsetOutOfRangeError({TopicPartition("t", 0): 5}).args[0] == {TopicPartition("t", 0): 5}
