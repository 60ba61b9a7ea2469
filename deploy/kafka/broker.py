"""One Apache Kafka node as a process of ours: started, stopped, killed, paused and restarted with its data and ports.

What it is told is in ``properties``, what it runs in ``jars``; ``python -m deploy.kafka`` runs one in the foreground.
"""

import base64
import contextlib
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from deploy.kafka.jars import NoKafka, jars, java
from deploy.kafka.properties import Options, Ports, text

START_SECONDS = 90.0
STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.1
_SAID = 4_000
_GUARD = """
import os, shutil, signal, sys
sys.stdin.read()  # ends when whoever started the broker is gone, however it went
os.kill(int(sys.argv[1]), signal.SIGKILL)
if len(sys.argv) > 2:
    shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


class Broker:
    """A node that keeps its ports and data through ``stop`` and ``start``; as a context, from start to removal.

    ``folder`` keeps the data and outlives this object; without it there is a temporary one, removed by ``close``.
    Raises ``NoKafka`` when this machine cannot run one.
    """

    def __init__(self, folder: Path | None = None, port: int = 0, options: Options | None = None) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="ressenti-kafka-"))
        self._options = options or Options()
        self._ports = Ports(port or free_port(), free_port(), free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def bootstrap(self) -> str:
        """The address that lets everybody in."""
        return f"127.0.0.1:{self._ports.plain}"

    @property
    def sasl_bootstrap(self) -> str:
        """The address that asks for a name and a password (SASL/PLAIN without TLS)."""
        return f"127.0.0.1:{self._ports.sasl}"

    @property
    def tls_bootstrap(self) -> str:
        """The address that speaks TLS, where there is a keystore."""
        return f"127.0.0.1:{self._ports.tls}"

    @property
    def pid(self) -> int:
        """The node's process id, for signals; raises ``NoKafka`` when it is not running."""
        if self._process is None or self._process.poll() is not None:
            raise NoKafka("the broker is not running; start it first")
        return self._process.pid

    @property
    def running(self) -> bool:
        """The process is there (it may be paused)."""
        return self._process is not None and self._process.poll() is None

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start it on its ports with its data; returns when it answers, within ``seconds``."""
        if self.running:
            return
        self._stop_guard()
        self._format()
        with self._log.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [*self._java("kafka.Kafka"), str(self._properties)], stdout=said, stderr=said, stdin=subprocess.DEVNULL
            )
        self._start_guard(self._process.pid)
        self._wait(time.monotonic() + seconds)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to shut down, and kill it when it has not within ``seconds``; data and ports stay."""
        self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """Kill it as a power cut would; data and ports stay."""
        self._end(signal.SIGKILL, STOP_SECONDS)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open and nobody answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove a temporary folder."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    def _java(self, program: str, *options: str) -> list[str]:
        level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [
            java(), f"-Xmx{self._options.heap}", "-XX:+UseSerialGC", level, *options, "-cp", f"{jars()}/*", program
        ]  # fmt: skip

    def _format(self) -> None:
        data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(text(data, self._ports, self._options), encoding="utf-8")
        if (data / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "a")
        tool = [*self._java("kafka.tools.StorageTool", "-XX:TieredStopAtLevel=1"), "format", "--standalone"]
        done = subprocess.run(  # noqa: S603 - our own words
            [*tool, "-t", cluster, "-c", str(self._properties)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoKafka(f"the broker's folder {data} could not be formatted: {done.stderr.strip()[-_SAID:]}")

    def _wait(self, until: float) -> None:
        while not answers(self.bootstrap):
            if not self.running:
                raise NoKafka(f"the broker ended instead of starting: {self._said()}")
            if time.monotonic() > until:
                self.kill()
                raise NoKafka(f"the broker did not answer in time: {self._said()}")
            time.sleep(_LOOK_SECONDS)

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace").strip()[-_SAID:] or "it said nothing"

    def _end(self, by: signal.Signals, seconds: float) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(by)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)  # a paused process would not hear it
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._process = None
        self._stop_guard()

    def _start_guard(self, pid: int) -> None:
        """Have the broker killed should this process die without stopping it: a test run may be killed at any time."""
        ours = [str(self.folder)] if self._temporary else []
        self._guard = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _GUARD, str(pid), *ours], stdin=subprocess.PIPE, start_new_session=True
        )

    def _stop_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.wait()
            if guard.stdin is not None:
                guard.stdin.close()


def answers(bootstrap: str, milliseconds: int = 1_000) -> bool:
    """Say whether a broker at ``bootstrap`` answers a metadata request; waits at most about ``milliseconds``."""
    host, _, port = bootstrap.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(milliseconds / 1_000)
        if probe.connect_ex((host, int(port))):
            return False
    chatter = logging.getLogger("kafka")
    level = chatter.level
    chatter.setLevel(logging.CRITICAL)  # what it says of a broker that is still starting is no news
    network = KafkaNetClient(bootstrap_servers=bootstrap)
    try:
        return network.get_broker_version(timeout_ms=milliseconds) is not None
    except KafkaError:
        return False
    finally:
        network.close()
        chatter.setLevel(level)


def free_port() -> int:
    """Return a port that nobody listens on, from below those that the system hands to outgoing connections.

    A port is named some seconds before it is bound, and again at each restart; one from the system's own range might
    be taken by then by somebody's connection.
    """
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
