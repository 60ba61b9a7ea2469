"""The Faust application: one agent on the log's topic, and nothing else of what Faust offers.

No tables, no windows, no exactly-once, no web server, no topics of Faust's own, no files: state lives in the store.
"""

from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.types import AppT, Message, StreamT

from streams.worker import transport
from streams.worker.parts import Fetched, Parts

BUFFERED_FETCHES = 4
"""Fetches between the fetcher and the pump, which holds the batches; few, since they die with every rebalance."""


class Whole(faust.Schema[Any, Any]):
    """A message's value is what was fetched already; there is nothing to decode."""

    def loads_key(self, app: AppT, message: Message, **_: object) -> None:
        """Return nothing: a fetch holds many keys."""

    def loads_value(self, app: AppT, message: Message, **_: object) -> Any:  # noqa: ANN401, ARG002 - Faust's
        """Return the chunks."""
        return message.value


class WithoutProducer(BootStrategy):
    """What starts with the application: not Faust's producer, which nobody sends with."""

    enable_kafka_producer = False
    enable_web = False


class WorkerApp(faust.App):
    """Faust's application with our parts."""

    BootStrategy = WithoutProducer

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        reading = parts.reading
        super().__init__(
            reading.group,
            broker=f"{transport.SCHEME}://{reading.bootstrap[0]}",
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            stream_buffer_maxsize=BUFFERED_FETCHES,
            broker_session_timeout=reading.session_seconds,
            broker_heartbeat_interval=reading.heartbeat_seconds,
            broker_max_poll_records=reading.records,
            consumer_group_instance_id=reading.instance,
            processing_guarantee="at_least_once",
        )

    @property
    def chunks(self) -> transport.ChunkConsumer:
        """The consumer, which is one of ours."""
        return cast("transport.ChunkConsumer", self.consumer)

    async def on_first_start(self) -> None:
        """Make no folders."""


def application(parts: Parts) -> WorkerApp:
    """Return the application with its agent, not yet started; made inside the event loop that runs it."""
    transport.register()
    app = WorkerApp(parts)
    topic = app.topic(parts.reading.topic, schema=Whole(), acks=False)

    @app.agent(topic, name=f"{parts.reading.group}-fold", concurrency=1)
    async def fold(fetches: StreamT[Fetched]) -> None:
        async for fetched in fetches:
            # Nothing here may raise: an exception that leaves an agent is "done" to Faust, and the chunks are lost.
            await parts.pump.take(*fetched)

    return app
