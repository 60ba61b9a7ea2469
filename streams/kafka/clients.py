"""Where the brokers are and how they let us in; makes kafka-python's clients and says in one sentence why not.

Nothing here knows of topics or events.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaConfigurationError, KafkaError
from kafka.net.compat import KafkaNetClient

from models.errors import InvariantBroken, RefusedToStart, Retryable
from streams.kafka.ports import Admin, Consumer, Producer
from streams.kafka.refusals import overheard, refusal, said
from streams.settings import Settings, secret

_FIRST_MS = 1_000


class BrokerAway(Retryable):
    """No broker answers now; the same call may succeed later."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Brokers, and how they are met."""

    bootstrap: tuple[str, ...]
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Options of a client, in the names that kafka-python and aiokafka share; holds the password."""
    timeout_seconds: float = 10.0

    @property
    def where(self) -> str:
        """The addresses, for sentences."""
        return ",".join(self.bootstrap)

    @property
    def milliseconds(self) -> int:
        """How long an answer may take."""
        return int(self.timeout_seconds * 1_000)

    def away(self, what: str, error: BaseException) -> "BrokerAway":
        """Return the error that says what the brokers do not do now, and why."""
        return BrokerAway(f"Kafka at {self.where} {what} ({said(error)}); try again later")

    def admin(self) -> Admin:
        """Return a client for topics and positions, safe to use from many threads; close it.

        Raises ``RefusedToStart`` when brokers cannot be met: waits ``timeout_seconds`` for them.
        """
        with self._meeting() as network:
            made: Admin = KafkaAdminClient(**self._options(network), request_timeout_ms=self.milliseconds // 2)
            return made

    def consumer(self, **options: Any) -> Consumer:  # noqa: ANN401 - kafka-python's
        """Return a reader of committed records, outside any group; for one thread at a time. Close it.

        Raises ``RefusedToStart`` as ``admin`` does.
        """
        with self._meeting() as network:
            made: Consumer = KafkaConsumer(
                **self._options(network),
                request_timeout_ms=self.milliseconds,
                isolation_level="read_committed",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                **options,
            )
            return made

    def producer(self, **options: Any) -> Producer:  # noqa: ANN401 - kafka-python's
        """Return an idempotent producer whose records are acknowledged by all copies, or fail within the timeout.

        Safe to use from many threads; close it. Raises ``RefusedToStart`` as ``admin`` does.
        """
        with self._meeting() as network:
            made: Producer = KafkaProducer(
                **self._options(network),
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                max_block_ms=self.milliseconds,
                **options,
            )
            return made

    def _options(self, network: Callable[..., object]) -> dict[str, Any]:
        return {
            "kafka_client": network,
            "bootstrap_servers": list(self.bootstrap),
            "client_id": "ressenti",
            "bootstrap_timeout_ms": self.milliseconds,
            "reconnect_backoff_max_ms": _FIRST_MS,
            **self.security,
        }

    @contextmanager
    def _meeting(self) -> Iterator[Callable[..., object]]:
        """Yield what makes the client's network; turn a first meeting that fails into the sentence that says why."""
        networks: list[KafkaNetClient] = []

        def network(**options: Any) -> KafkaNetClient:  # noqa: ANN401 - kafka-python's
            networks.append(KafkaNetClient(**options))
            return networks[-1]

        with overheard() as reasons:
            try:
                yield network
            except KafkaConfigurationError as error:
                raise InvariantBroken(f"kafka-python does not know an option of ours: {error}; report this") from error
            except KafkaError as error:
                for one in networks:
                    one.close()  # its maker leaves threads and sockets behind when it fails
                login = "sasl_mechanism" in self.security
                raise RefusedToStart(refusal(self.where, [*reasons, error], login=login)) from error


def cluster_of(settings: Settings) -> Cluster:
    """Return the cluster that ``settings`` name; raises ``RefusedToStart`` for settings that do not fit together."""
    if settings.kafka_bootstrap is None:
        raise RefusedToStart("no Kafka is named; set RESSENTI_KAFKA_BOOTSTRAP to host:port of a broker")
    return Cluster(tuple(settings.kafka_bootstrap.split(",")), security_of(settings), settings.kafka_timeout_seconds)


def security_of(settings: Settings) -> dict[str, Any]:
    """Return the options of a client that say how it is let in."""
    options: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security.startswith("SASL"):
        password = secret(settings.kafka_password_file)
        if settings.kafka_user is None or password is None:
            raise RefusedToStart(
                f"RESSENTI_KAFKA_SECURITY={settings.kafka_security} needs a login; "
                "set RESSENTI_KAFKA_USER and RESSENTI_KAFKA_PASSWORD_FILE"
            )
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": password.get_secret_value(),
        }
    elif settings.kafka_user is not None:
        raise RefusedToStart(
            "RESSENTI_KAFKA_USER is set and RESSENTI_KAFKA_SECURITY is not one of SASL_SSL, SASL_PLAINTEXT; "
            "choose one, or take the user away"
        )
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_certificate_file is not None:
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
    except (OSError, ssl.SSLError) as error:
        raise RefusedToStart(
            f"the certificates for Kafka cannot be read ({error}); correct RESSENTI_KAFKA_CA_FILE, "
            "RESSENTI_KAFKA_CERTIFICATE_FILE or RESSENTI_KAFKA_KEY_FILE"
        ) from None
    return context
