"""Bytewax: count and mean per customer by ``stateful_map``, snapshots of the state written every ten seconds."""

import json
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main
from stopwatch import Stopwatch

watch = Stopwatch(int(os.environ["EVENTS"]))


class Counted(StatelessSinkPartition):
    """Counts what comes out."""

    def write_batch(self, items: list) -> None:
        """Count ``items``."""
        if watch.saw(len(items)):
            os._exit(0)


class Counting(DynamicSink):
    """One counter per worker."""

    def build(self, *_: object) -> Counted:
        """Return the counter."""
        return Counted()


def decoded(message: KafkaSourceMessage) -> tuple[str, dict]:
    """Return key and event; the first to come begins the count of time, for the sink sees whole batches."""
    watch.begin()
    return message.key.decode(), json.loads(message.value)


def mean(state: tuple | None, event: dict) -> tuple[tuple, tuple]:
    """Keep (count, mean) of the customer."""
    count, kept = state or (0, 0.0)
    count += 1
    now = (count, kept + (len(event["data"]) - kept) / count)
    return now, now


def main() -> None:
    """Read the topic from its start."""
    flow = Dataflow("means")
    read = op.input("in", flow, KafkaSource([os.environ["BOOTSTRAP"]], [os.environ["TOPIC"]], batch_size=10_000))
    keyed = op.map("decode", read, decoded)
    op.output("out", op.stateful_map("mean", keyed, mean), Counting())
    place = Path(tempfile.mkdtemp(prefix="bytewax-"))
    init_db_dir(place, 1)
    cluster_main(
        flow,
        [],
        0,
        epoch_interval=timedelta(seconds=10),
        recovery_config=RecoveryConfig(str(place), backup_interval=timedelta(seconds=0)),
    )


if __name__ == "__main__":
    main()
