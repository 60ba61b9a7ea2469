"""Faust as its documentation shows it: an agent that decodes each event and counts it. Nothing is kept."""

import os
import sys

import faust
import msgspec
from stopwatch import Stopwatch

watch = Stopwatch(int(os.environ["EVENTS"]))
app = faust.App(
    f"plain-{os.getpid()}",
    broker=f"kafka://{os.environ['BOOTSTRAP']}",
    consumer_auto_offset_reset="earliest",
    topic_disable_leader=True,
    web_enabled=False,
    store="memory://",
    value_serializer="raw",
    broker_max_poll_records=10_000,
)
topic = app.topic(os.environ["TOPIC"], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


@app.agent(topic)
async def count(events):  # noqa: ANN001, ANN201 - Faust's own types
    """Decode, count."""
    decode = msgspec.json.decode
    async for value in events:
        decode(value)
        if watch.saw(1):
            os._exit(0)


if __name__ == "__main__":
    sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
    app.main()
