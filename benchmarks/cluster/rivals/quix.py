"""Quix Streams: count and mean per customer in its state store, with changelog topics for recovery."""

import os
import tempfile

from quixstreams import Application, State
from stopwatch import Stopwatch

watch = Stopwatch(int(os.environ["EVENTS"]))


def mean(event: dict, state: State) -> tuple[int, float]:
    """Keep (count, mean) of the customer the record is keyed by."""
    count, kept = state.get("kept") or (0, 0.0)
    count += 1
    now = (count, kept + (len(event["data"]) - kept) / count)
    state.set("kept", now)
    if watch.saw(1):
        os._exit(0)
    return now


def main() -> None:
    """Read the topic from its start."""
    app = Application(
        broker_address=os.environ["BOOTSTRAP"],
        consumer_group=f"quix-{os.getpid()}",
        auto_offset_reset="earliest",
        state_dir=tempfile.mkdtemp(prefix="quix-"),
        use_changelog_topics=True,
        loglevel="ERROR",
    )
    frame = app.dataframe(app.topic(os.environ["TOPIC"], key_deserializer="str", value_deserializer="json"))
    frame.apply(mean, stateful=True)
    app.run()


if __name__ == "__main__":
    main()
