"""What one broker is told: addresses, folder, and the few settings that make a single node quick and complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STORE_PASSWORD = "of-a-development-broker"  # noqa: S105 - protects nothing: it stands here


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it listens, on this machine alone."""

    plain: int
    controller: int
    sasl: int
    tls: int


@dataclass(frozen=True, slots=True)
class Options:
    """What its user may choose."""

    heap: str = "768m"
    users: Mapping[str, str] = field(default_factory=dict)
    """Names and passwords that the SASL/PLAIN listener lets in; everybody is let in by the plain one."""
    keystore: Path | None = None
    """PKCS #12 file with the key and certificate of the TLS listener, under ``STORE_PASSWORD``; none without it."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Broker properties on top of these, which they replace."""


def text(folder: Path, ports: Ports, options: Options) -> str:
    """Return the properties file of a one-node KRaft cluster that keeps its data in ``folder``."""
    listeners = {"PLAINTEXT": ports.plain, "CONTROLLER": ports.controller, "SASL": ports.sasl}
    if options.keystore is not None:
        listeners["TLS"] = ports.tls
    where = {name: f"{name}://127.0.0.1:{port}" for name, port in listeners.items()}
    chosen = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "log.dirs": str(folder),
        "listeners": ",".join(where.values()),
        "advertised.listeners": ",".join(where.values()),
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{ports.controller}",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": _logins(options.users),
        # One node cannot replicate.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Fifty partitions of each internal topic cost seconds at the start and serve nobody here.
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "auto.create.topics.enable": "false",
    }
    if options.keystore is not None:
        chosen |= {
            "ssl.keystore.location": str(options.keystore),
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.password": STORE_PASSWORD,
            "ssl.key.password": STORE_PASSWORD,
        }
    return "".join(f"{name}={value}\n" for name, value in (chosen | dict(options.extra)).items())


def _logins(users: Mapping[str, str]) -> str:
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    return f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
