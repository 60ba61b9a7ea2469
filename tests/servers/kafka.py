"""A Kafka for the tests: the one in ``KAFKA_BOOTSTRAP``, else an Apache Kafka of our own, else librdkafka's mock.

``kafka`` is a real broker, one per test session, started when the first test asks for it; in CI its absence is a
failure, elsewhere a skip with the reason. ``kafka_or_mock`` goes on with the mock cluster (no admin requests, no
transactions, no topic ids). ``topic`` makes topics of a test's own. ``own_kafka`` may be stopped, paused and killed.
"""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from deploy.kafka.broker import Broker, free_port
from deploy.kafka.jars import java, missing, version
from deploy.kafka.properties import STORE_PASSWORD, Options

USER, PASSWORD = "ressenti", "s3cret-of-the-tests"
_MOCK = """
import sys
from confluent_kafka import Producer
producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "127.0.0.1:1"})
brokers = producer.list_topics(timeout=10).brokers.values()
print(",".join(f"{broker.host}:{broker.port}" for broker in brokers), flush=True)
sys.stdin.read()
"""
_used: list[str] = []


@dataclass(frozen=True, slots=True)
class Kafka:
    """A broker that tests may use."""

    bootstrap: str
    broker: Broker | None = None
    """Ours to stop, pause and restart; ``None`` when it is somebody else's, or the mock."""
    certificate: Path | None = None
    """Of our broker's TLS listener (PEM)."""
    mock: bool = False


class MakeTopic:
    """Makes topics of a test's own, with LogAppendTime unless told otherwise."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._made: list[str] = []

    def __call__(self, partitions: int = 4, **configs: str) -> str:
        """Return the name of a new topic; dots in the names of configs are written as ``__``."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self._make(name, partitions, {key.replace("__", "."): value for key, value in configs.items()})
        self._made.append(name)
        return name

    def again(self, name: str, partitions: int) -> None:
        """Delete the topic and make another of that name."""
        with KafkaAdminClient(bootstrap_servers=self._bootstrap) as admin:
            admin.delete_topics([name])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(TopicAlreadyExistsError):
                return self._make(name, partitions, {})
            time.sleep(0.1)
        raise TimeoutError(f"topic {name} is still being deleted")

    def delete(self) -> None:
        """Delete every topic made here."""
        with contextlib.suppress(KafkaError), KafkaAdminClient(bootstrap_servers=self._bootstrap) as admin:
            admin.delete_topics(self._made, raise_errors=False)

    def _make(self, name: str, partitions: int, configs: Mapping[str, str]) -> None:
        chosen = {"message.timestamp.type": "LogAppendTime"} | dict(configs)
        with KafkaAdminClient(bootstrap_servers=self._bootstrap) as admin:
            admin.create_topics({name: {"num_partitions": partitions, "configs": chosen}}, wait_for_metadata=True)


def pytest_report_header() -> str:
    if named := os.environ.get("KAFKA_BOOTSTRAP"):
        return f"kafka: {named} (KAFKA_BOOTSTRAP)"
    if reason := missing():
        return f"kafka: none ({reason}); librdkafka's mock cluster where that is enough"
    return f"kafka: Apache Kafka {version()} of our own, started when the first test asks for it"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _used:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Return a real broker."""
    if named := os.environ.get("KAFKA_BOOTSTRAP"):
        _used.append(f"kafka: tests used {named}")
        yield Kafka(named)
        return
    if reason := missing():
        _absent(reason)
    keys = tmp_path_factory.mktemp("kafka-keys")
    certificate = certified(keys / "store.p12", keys / "broker.pem")
    with Broker(options=Options(users={USER: PASSWORD}, keystore=keys / "store.p12")) as broker:
        _used.append(f"kafka: tests used Apache Kafka {version()} at {broker.bootstrap}")
        yield Kafka(broker.bootstrap, broker, certificate)


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[Kafka]:
    """Return librdkafka's mock cluster, in a process of its own."""
    command = [sys.executable, "-c", _MOCK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        bootstrap = process.stdout.readline().strip()
        assert bootstrap, "the mock cluster did not start"
        _used.append(f"kafka: tests used librdkafka's mock cluster at {bootstrap}")
        yield Kafka(bootstrap, mock=True)
        process.terminate()


@pytest.fixture
def kafka_or_mock(request: pytest.FixtureRequest) -> Kafka:
    """Return a real broker, or the mock cluster where there can be none."""
    name = "kafka" if os.environ.get("KAFKA_BOOTSTRAP") or missing() is None or _in_ci() else "mock_kafka"
    found = request.getfixturevalue(name)
    assert isinstance(found, Kafka)
    return found


@pytest.fixture
def own_kafka(kafka: Kafka) -> Iterator[Broker]:
    """Return the session's broker for a test that stops, pauses or kills it; it runs again afterwards."""
    if kafka.broker is None:
        pytest.skip("the broker of KAFKA_BOOTSTRAP is not ours to stop")
    yield kafka.broker
    if kafka.broker.running:
        kafka.broker.resume()
    kafka.broker.start()


@pytest.fixture
def topic(kafka: Kafka) -> Iterator[MakeTopic]:
    """Make topics of the test's own; they are gone afterwards."""
    made = MakeTopic(kafka.bootstrap)
    yield made
    made.delete()


@pytest.fixture
def unused_port() -> int:
    """Return a port of this machine that nobody listens on."""
    return free_port()


def certified(keystore: Path, certificate: Path) -> Path:
    """Make a key for a broker on this machine, and return its certificate."""
    keytool = str(Path(java()).resolve().with_name("keytool"))
    store = ["-keystore", str(keystore), "-storetype", "PKCS12", "-storepass", STORE_PASSWORD, "-alias", "broker"]
    name = ["-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost", "-validity", "2"]
    subprocess.run([keytool, "-genkeypair", *store, *name, "-keyalg", "EC"], check=True, capture_output=True)  # noqa: S603
    told = subprocess.run([keytool, "-exportcert", "-rfc", *store], check=True, capture_output=True)  # noqa: S603
    certificate.write_bytes(told.stdout)
    return certificate


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"


def _absent(reason: str) -> None:
    if _in_ci():
        pytest.fail(f"CI needs a real Kafka: {reason}")
    pytest.skip(f"no real Kafka here: {reason}")
