"""The inner names of kafka-python that we use: each of these tests says what breaks when a new version fails it."""

import inspect
import logging

from kafka import KafkaAdminClient, KafkaProducer
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.producer.sender import Sender

from streams.kafka.refusals import overheard


def test_a_producer_can_be_given_up() -> None:
    """``sending.finish``: without these, a producer with a stuck batch leaves its thread running for ever."""
    assert "self._sender = Sender(" in inspect.getsource(KafkaProducer.__init__)
    assert callable(Sender.force_close)
    assert callable(Sender.join)


def test_a_client_takes_its_network_from_us() -> None:
    """``Cluster._meeting``: without it, a client whose making fails leaves its sockets and its thread behind."""
    for client in (KafkaAdminClient, KafkaProducer):
        assert client.DEFAULT_CONFIG["kafka_client"] is KafkaNetClient
        assert "self.config['kafka_client'](" in inspect.getsource(client.__init__)


def test_what_goes_wrong_on_a_connection_is_logged_with_the_exception() -> None:
    """``refusals.overheard``: without it, every refusal reads "no Kafka broker answers"."""
    bootstrap = inspect.getsource(KafkaConnectionManager._do_bootstrap)
    assert "log.warning('Bootstrap connection to %s failed: %s" in bootstrap
    error = OSError("why")
    with overheard() as heard:
        logging.getLogger("kafka.net.manager").warning("Bootstrap connection to %s failed: %s", "node", error)
    assert heard == [error]
    logging.getLogger("kafka.net.manager").warning("later: %s", OSError())
    assert heard == [error]
