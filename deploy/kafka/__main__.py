"""``make kafka``: a broker in the foreground; its address on the first line of stdout, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
from pathlib import Path

from deploy.kafka.broker import Broker
from deploy.kafka.jars import NoKafka, version
from deploy.kafka.properties import Options


def main() -> int:
    """Run one broker until somebody ends it."""
    parser = argparse.ArgumentParser(prog="make kafka", description="A real Apache Kafka, one node, on this machine.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; a free one when not given")
    parser.add_argument("--data", type=Path, help="folder that keeps its data; a temporary one when not given")
    parser.add_argument("--heap", default="768m", help="Java heap (default: 768m)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with Broker(given.data, given.port, Options(heap=given.heap)) as broker:
            sys.stdout.write(f"{broker.bootstrap}\n")
            sys.stdout.flush()
            sys.stderr.write(f"Apache Kafka {version()}, data in {broker.folder}; Ctrl-C ends it\n")
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except NoKafka as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
