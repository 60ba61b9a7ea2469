"""How brokers are met, and the one sentence there is for each way of being refused."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import RefusedToStart
from streams.kafka.clients import Cluster, cluster_of, security_of
from streams.kafka.topic_admin import look
from streams.settings import Settings, read
from tests.servers.kafka import PASSWORD, USER, Kafka

SECONDS = 1.5


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(params=["hangs up", "stays"])
def someone_else(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a server that answers everybody as a web server would."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                caller.recv(4_096)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                if request.param == "stays":
                    kept.append(caller)
                else:
                    caller.close()

        threading.Thread(target=serve, daemon=True).start()
        host, port = server.getsockname()
        yield f"{host}:{port}"
    for caller in kept:
        caller.close()


def refusal(settings: Settings) -> str:
    with pytest.raises(RefusedToStart) as refused:
        cluster_of(settings.model_copy(update={"kafka_timeout_seconds": SECONDS})).admin()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert PASSWORD not in sentence
    return sentence


def test_nobody_there(unused_port: int) -> None:
    said = refusal(read({}, kafka_bootstrap=f"127.0.0.1:{unused_port}"))
    assert said == (
        f"Kafka cannot be reached at 127.0.0.1:{unused_port}: the port is closed; start the broker, or correct "
        "RESSENTI_KAFKA_BOOTSTRAP"
    )


def test_no_such_host() -> None:
    assert "no such host; correct RESSENTI_KAFKA_BOOTSTRAP" in refusal(read({}, kafka_bootstrap="nobody.invalid:9092"))


def test_a_server_that_is_no_broker(someone_else: str) -> None:
    said = refusal(read({}, kafka_bootstrap=someone_else))
    assert "what answers there is no Kafka broker" in said or "whoever answers there hangs up" in said
    assert "correct RESSENTI_KAFKA_BOOTSTRAP" in said


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = refusal(read({}, kafka_bootstrap=f"127.0.0.1:{server.getsockname()[1]}"))
    assert "no Kafka broker answers" in said


def sasl_bootstrap(kafka: Kafka) -> str:
    if kafka.broker is None:
        pytest.skip("the broker of KAFKA_BOOTSTRAP has no login that these tests know")
    return kafka.broker.sasl_bootstrap


def login(bootstrap: str, password: Path, user: str = USER, mechanism: str = "PLAIN") -> Settings:
    return read(
        {},
        kafka_bootstrap=bootstrap,
        kafka_security="SASL_PLAINTEXT",
        kafka_sasl_mechanism=mechanism,
        kafka_user=user,
        kafka_password_file=password,
    )


@pytest.mark.kafka
def test_the_right_login_is_let_in(kafka: Kafka, password: Path) -> None:
    cluster_of(login(sasl_bootstrap(kafka), password)).admin().close()


@pytest.mark.kafka
def test_a_wrong_login_is_told_so(kafka: Kafka, password: Path) -> None:
    said = refusal(login(sasl_bootstrap(kafka), password, user="somebody"))
    assert "refuses the login; correct RESSENTI_KAFKA_USER, RESSENTI_KAFKA_PASSWORD_FILE" in said


@pytest.mark.kafka
def test_a_mechanism_that_is_not_enabled(kafka: Kafka, password: Path) -> None:
    assert "RESSENTI_KAFKA_SASL_MECHANISM" in refusal(login(sasl_bootstrap(kafka), password, mechanism="SCRAM-SHA-512"))


@pytest.mark.kafka
def test_a_login_where_none_is_taken(kafka: Kafka, password: Path) -> None:
    said = refusal(login(kafka.bootstrap, password))
    assert "lets everybody in there and takes no login; set RESSENTI_KAFKA_SECURITY to PLAINTEXT" in said


@pytest.mark.kafka
def test_no_login_where_one_is_asked_for(kafka: Kafka) -> None:
    assert "RESSENTI_KAFKA_SECURITY" in refusal(read({}, kafka_bootstrap=sasl_bootstrap(kafka)))


@pytest.mark.kafka
def test_encryption_where_there_is_none(kafka: Kafka) -> None:
    said = refusal(read({}, kafka_bootstrap=kafka.bootstrap, kafka_security="SSL"))
    assert "it does not speak TLS there; set RESSENTI_KAFKA_SECURITY to PLAINTEXT" in said


def tls(kafka: Kafka, **more: object) -> Settings:
    if kafka.broker is None:
        pytest.skip("the broker of KAFKA_BOOTSTRAP has no certificate that these tests know")
    return read({}, kafka_bootstrap=kafka.broker.tls_bootstrap, kafka_security="SSL", **more)


@pytest.mark.kafka
def test_encryption_with_the_right_authority(kafka: Kafka) -> None:
    cluster_of(tls(kafka, kafka_ca_file=kafka.certificate)).admin().close()


@pytest.mark.kafka
def test_a_certificate_that_nobody_vouches_for(kafka: Kafka) -> None:
    assert "its certificate is not one we trust; name the authority in RESSENTI_KAFKA_CA_FILE" in refusal(tls(kafka))


@pytest.mark.kafka
def test_the_second_address_serves_when_the_first_does_not(kafka: Kafka, unused_port: int) -> None:
    Cluster((f"127.0.0.1:{unused_port}", kafka.bootstrap), {}, 10.0).admin().close()


def test_a_refusal_leaves_no_thread_behind(unused_port: int) -> None:
    before = threading.active_count()
    settings = read({}, kafka_bootstrap=f"127.0.0.1:{unused_port}", kafka_timeout_seconds=1)
    with pytest.raises(RefusedToStart):
        look(settings)
    assert threading.active_count() == before


def test_a_login_needs_a_user_and_a_password(password: Path) -> None:
    for given in ({}, {"kafka_user": USER}, {"kafka_password_file": password}):
        settings = read({}, kafka_bootstrap="h:1", kafka_security="SASL_SSL", **given)
        with pytest.raises(RefusedToStart, match="set RESSENTI_KAFKA_USER and RESSENTI_KAFKA_PASSWORD_FILE"):
            security_of(settings)


def test_a_user_without_a_login_is_a_mistake(password: Path) -> None:
    settings = read({}, kafka_bootstrap="h:1", kafka_user=USER, kafka_password_file=password)
    with pytest.raises(RefusedToStart, match="RESSENTI_KAFKA_USER is set and RESSENTI_KAFKA_SECURITY is not"):
        security_of(settings)


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    settings = read({}, kafka_bootstrap="h:1", kafka_security="SSL", kafka_ca_file=tmp_path / "none.pem")
    with pytest.raises(RefusedToStart, match="correct RESSENTI_KAFKA_CA_FILE"):
        security_of(settings)


def test_the_password_shows_nowhere(password: Path) -> None:
    assert PASSWORD not in repr(cluster_of(login("h:1", password)))


@pytest.mark.parametrize("wrong", ["broker", "broker:", ":9092", "http://broker:9092", "a:1,,b:2", "a:1 b:2"])
def test_an_address_without_a_form_is_refused(wrong: str) -> None:
    with pytest.raises(RefusedToStart, match="RESSENTI_KAFKA_BOOTSTRAP"):
        read({"RESSENTI_KAFKA_BOOTSTRAP": wrong})
