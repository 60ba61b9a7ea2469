"""Why brokers do not let us in, in one sentence with the remedy.

kafka-python only says that time was up; the reasons it met on the way are in what it logs, and are overheard there.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from kafka.errors import (
    AuthorizationError,
    IllegalSaslStateError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)


def refusal(where: str, reasons: Sequence[BaseException], *, login: bool) -> str:
    """Return one sentence: why the brokers at ``where`` cannot be met, from what was seen while trying; what to do."""
    for kind, sentence in _REFUSALS.items():
        if found := [reason for reason in reasons if isinstance(reason, kind)]:
            return f"Kafka at {where} {sentence} ({said(found[0])})"
    texts = " ".join(map(str, reasons))
    if login and "disconnected" in texts:
        return f"Kafka at {where} {_REFUSALS[SaslAuthenticationFailedError]} (it hung up during the login)"
    for part, sentence in _SIGNS.items():
        if part in texts:
            return f"Kafka cannot be reached at {where}: {sentence}"
    return (
        f"no Kafka broker answers at {where} in time; start it, or correct RESSENTI_KAFKA_BOOTSTRAP or "
        "RESSENTI_KAFKA_SECURITY"
    )


_REFUSALS: Mapping[type[BaseException], str] = {
    SaslAuthenticationFailedError: "refuses the login; correct RESSENTI_KAFKA_USER, RESSENTI_KAFKA_PASSWORD_FILE or "
    "RESSENTI_KAFKA_SASL_MECHANISM",
    UnsupportedSaslMechanismError: "does not know this way to log in; correct RESSENTI_KAFKA_SASL_MECHANISM",
    IllegalSaslStateError: "lets everybody in there and takes no login; set RESSENTI_KAFKA_SECURITY to PLAINTEXT or "
    "SSL, or name the port that asks for one in RESSENTI_KAFKA_BOOTSTRAP",
    AuthorizationError: "does not let this user do that; grant it (READ, WRITE, DESCRIBE and DESCRIBE_CONFIGS on our "
    "topics) or name another RESSENTI_KAFKA_USER",
}
_SIGNS: Mapping[str, str] = {
    "DNS": "no such host; correct RESSENTI_KAFKA_BOOTSTRAP",
    "certificate verify failed": "its certificate is not one we trust; name the authority in RESSENTI_KAFKA_CA_FILE",
    "Handshake failed": "it does not speak TLS there; set RESSENTI_KAFKA_SECURITY to PLAINTEXT or SASL_PLAINTEXT, or "
    "name its TLS port in RESSENTI_KAFKA_BOOTSTRAP",
    "ECONNREFUSED": "the port is closed; start the broker, or correct RESSENTI_KAFKA_BOOTSTRAP",
    "Invalid frame": "what answers there is no Kafka broker; correct RESSENTI_KAFKA_BOOTSTRAP",
    "disconnected": "whoever answers there hangs up; correct RESSENTI_KAFKA_BOOTSTRAP or RESSENTI_KAFKA_SECURITY",
}


def said(error: BaseException) -> str:
    """Return what an error says of itself; kafka-python puts the name of its class before it, at times twice."""
    text = str(error)
    says = text.rpartition("Error: ")[2]
    if says == "No node_id provided":
        return "it is connected to none of the brokers"
    return type(error).__name__ if says in {"", "None"} else says


class _Ears(logging.Handler):
    """Keeps the exceptions that kafka-python logs; it raises none of them, only that time is up."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.heard += [one for one in arguments if isinstance(one, BaseException)]


@contextmanager
def overheard() -> Iterator[list[BaseException]]:
    """Yield a list of what goes wrong inside kafka-python's connections meanwhile."""
    ears, network = _Ears(), logging.getLogger("kafka.net")
    network.addHandler(ears)
    try:
        yield ears.heard
    finally:
        network.removeHandler(ears)
