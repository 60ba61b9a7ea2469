"""The broker for everybody: it keeps data and address, dies with who started it, and says what is missing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from deploy.kafka import jars
from deploy.kafka.broker import Broker, answers, free_port
from deploy.kafka.jars import NoKafka
from deploy.kafka.properties import Options, Ports, text
from tests.servers.kafka import Kafka

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
ROOT = Path(__file__).parents[2]


def topics(broker: Broker) -> list[str]:
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        return [name for name in admin.list_topics() if name == "kept"]


@pytest.mark.kafka
@pytest.mark.slow
def test_it_keeps_data_and_address_through_a_stop_a_kill_and_a_pause(own_kafka: Broker) -> None:
    address, was = own_kafka.bootstrap, own_kafka.pid
    with KafkaAdminClient(bootstrap_servers=address) as admin:
        admin.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    try:
        own_kafka.stop()
        assert not own_kafka.running
        assert not answers(address)
        with pytest.raises(NoKafka, match="not running"):
            own_kafka.pid  # noqa: B018 - a property that raises
        own_kafka.start()
        assert (own_kafka.bootstrap, topics(own_kafka)) == (address, ["kept"])
        own_kafka.kill()
        own_kafka.start()
        assert topics(own_kafka) == ["kept"]
        assert own_kafka.pid != was
        own_kafka.pause()
        assert not answers(address, 500)
        own_kafka.resume()
        assert answers(address, 10_000)
    finally:
        own_kafka.start()
        with KafkaAdminClient(bootstrap_servers=address) as admin:
            admin.delete_topics(["kept"], raise_errors=False)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.kafka
@pytest.mark.slow
@LINUX
def test_it_dies_with_who_started_it_however_that_went(kafka: Kafka) -> None:
    if kafka.broker is None:
        pytest.skip("KAFKA_BOOTSTRAP names a broker, so that none is to be started here")
    command = [sys.executable, "-m", "deploy.kafka", "--heap", "256m"]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert started.stdout is not None
    assert started.stderr is not None
    address = started.stdout.readline().strip()
    folder = Path(started.stderr.readline().partition("data in ")[2].partition(";")[0])
    assert answers(address)
    assert folder.is_dir()
    (node,) = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and runs_in(path, folder))
    started.kill()
    started.wait()
    started.stdout.close()
    started.stderr.close()
    until = time.monotonic() + 20
    while alive(node) or folder.exists():
        assert time.monotonic() < until
        time.sleep(0.1)


def runs_in(process: Path, folder: Path) -> bool:
    try:
        return f"kafka.Kafka\0{folder}".encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.kafka
def test_one_that_cannot_start_says_why(kafka: Kafka) -> None:
    if kafka.broker is None:
        pytest.skip("KAFKA_BOOTSTRAP names a broker, so that none is to be started here")
    with pytest.raises(NoKafka, match=r"(?s)num\.io\.threads"), Broker(options=Options(extra={"num.io.threads": "no"})):
        pass


def executable(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder where programs are found; the cache is empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


JAVA_17 = """echo 'openjdk version "17.0.15" 2025-04-15' >&2"""


def test_without_java_it_says_what_to_install(bare: Path) -> None:
    assert bare.exists()
    assert "there is no java here; install" in str(jars.missing())
    with pytest.raises(NoKafka, match=r"apt-get install default-jre-headless maven.*KAFKA_BOOTSTRAP"):
        jars.jars()


@pytest.mark.parametrize("version", ["1.8.0_292", "11.0.2", "16"])
def test_a_java_too_old_is_named(bare: Path, version: str) -> None:
    executable(bare, "java", f"""echo 'java version "{version}"' >&2""")
    assert f"is version {version}; install" in str(jars.missing())


def test_without_maven_only_a_filled_cache_will_do(bare: Path) -> None:
    executable(bare, "java", JAVA_17)
    assert "there is no mvn here" in str(jars.missing())
    jars.cache().mkdir(parents=True)
    assert jars.missing() is None
    assert jars.jars() == bare / "cache" / "ressenti" / f"kafka-{jars.version()}"


def test_a_download_that_fails_says_why_and_leaves_no_half_of_it(bare: Path) -> None:
    executable(bare, "java", JAVA_17)
    executable(bare, "mvn", "echo '[ERROR] Could not transfer artifact'; exit 1")
    with pytest.raises(NoKafka, match="Could not transfer artifact"):
        jars.jars()
    assert not jars.cache().exists()
    assert list(jars.cache().parent.iterdir()) == []


def test_a_download_is_kept_and_not_repeated(bare: Path) -> None:
    executable(bare, "java", JAVA_17)
    into = 'for option; do folder="${option#-DoutputDirectory=}"; done'
    executable(bare, "mvn", f'{into}; /bin/mkdir -p "$folder"; echo x > "$folder/a.jar"')
    assert [path.name for path in jars.jars().iterdir()] == ["a.jar"]
    executable(bare, "mvn", "exit 1")
    assert [path.name for path in jars.jars().iterdir()] == ["a.jar"]


def test_the_users_properties_win() -> None:
    options = Options(users={"u": "p"}, extra={"group.min.session.timeout.ms": "9"})
    said = text(Path("/data"), Ports(1, 2, 3, 4), options)
    lines = dict(line.split("=", 1) for line in said.splitlines())
    assert lines["group.min.session.timeout.ms"] == "9"
    assert lines["auto.create.topics.enable"] == "false"
    assert 'user_u="p"' in lines["listener.name.sasl.plain.sasl.jaas.config"]
    assert lines["advertised.listeners"].startswith("PLAINTEXT://127.0.0.1:1,")


@LINUX
def test_a_free_port_is_none_of_those_that_connections_are_given() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="utf-8").split()[0])
    assert all(1_024 < free_port() < lowest for _ in range(20))
