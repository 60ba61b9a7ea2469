"""Faust with state: an agent that keeps count and mean per customer in a Table, with its changelog topic."""

import os
import sys

import faust
import msgspec
from stopwatch import Stopwatch

watch = Stopwatch(int(os.environ["EVENTS"]))
app = faust.App(
    f"table-{os.getpid()}",
    broker=f"kafka://{os.environ['BOOTSTRAP']}",
    consumer_auto_offset_reset="earliest",
    topic_disable_leader=True,
    topic_replication_factor=1,
    web_enabled=False,
    store="memory://",
    broker_max_poll_records=10_000,
)
topic = app.topic(os.environ["TOPIC"], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
means = app.Table("means", partitions=int(os.environ["PARTITIONS"]), default=list)


@app.agent(topic)
async def mean(events):  # noqa: ANN001, ANN201 - Faust's own types
    """Decode, and keep (count, mean) of each customer."""
    decode = msgspec.json.decode
    async for value in events:
        event = decode(value)
        count, kept = means[event["subject"]] or (0, 0.0)
        count += 1
        means[event["subject"]] = (count, kept + (len(event["data"]) - kept) / count)
        if watch.saw(1):
            os._exit(0)


if __name__ == "__main__":
    sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
    app.main()
