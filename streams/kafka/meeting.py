"""Declaring what a topic holds already: for a store that begins with it, and for senders who write to it themselves.

A collector declares what it takes before it appends it; nobody did that, in this store, for what was there before.
"""

from models.interactions.internals import SOURCE
from streams.declaring import Declaring, met
from streams.kafka.log import KafkaLog

RECORDS = 5_000
"""How many are read at once."""


def meet_all(log: KafkaLog, declaring: Declaring) -> int:
    """Have ``declaring`` meet every event now in ``log``, in each partition's order; return how many records there are.

    What is declared counts for what is folded from then on. Blocks until all is read; raises ``BrokerAway``.
    """
    seen, ends = 0, log.ends()
    for partition, start in log.starts().items():
        at = start
        while at < ends[partition]:
            chunk = log.read(partition, at, RECORDS)
            events = [event for record in chunk.records if (event := met(record.value)) is not None]
            declaring.meet(event for event in events if event.source != SOURCE)
            seen, at = seen + len(chunk.records), chunk.end
    return seen
