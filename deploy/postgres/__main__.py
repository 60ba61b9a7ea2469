"""``make postgres``: a database in the foreground; its address on the first line of stdout, until Ctrl-C or SIGTERM.

Everything in it is gone at the end. The address needs no password, which ``RESSENTI_DATABASE_URL`` asks for.
"""

import argparse
import signal
import subprocess
import sys

from deploy.postgres.cluster import USER, Cluster, NoServer, throwaway

DATABASE = "ressenti"


def main() -> int:
    """Run one cluster until somebody ends it."""
    parser = argparse.ArgumentParser(prog="make postgres", description="A throw-away PostgreSQL on this machine.")
    parser.add_argument("--durable", action="store_true", help="write through to the disk, as a real one does")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with throwaway(durable=given.durable) as cluster:
            _make_database(cluster)
            sys.stdout.write(f"{cluster.url(DATABASE)}\n")
            sys.stdout.flush()
            sys.stderr.write(f"PostgreSQL in {cluster.folder}; next: ressenti migrate; Ctrl-C ends it\n")
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except NoServer as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


def _make_database(cluster: Cluster) -> None:
    where = ["-h", str(cluster.folder), "-p", str(cluster.port), "-U", USER]
    subprocess.run([str(cluster.binaries / "createdb"), *where, DATABASE], check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
