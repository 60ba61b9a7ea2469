"""Libraries' warnings come through our log, and not by the hundred."""

import logging
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from streams.worker.logs import LIBRARIES, Told, tame


@pytest.fixture
def loggers() -> Iterator[None]:
    """Put the libraries' loggers back as they were."""
    found = [logging.getLogger(name) for name in LIBRARIES]
    before = [(list(logger.handlers), logger.propagate, logger.level) for logger in found]
    yield
    for logger, (handlers, propagate, level) in zip(found, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.usefixtures("loggers")
def test_warnings_come_through_with_their_logger_and_chatter_does_not() -> None:
    tame()
    with capture_logs() as lines:
        logging.getLogger("aiokafka.conn").warning("node %s is away", 1)
        logging.getLogger("faust.app.base").info("ready")
    assert lines == [{"event": "node 1 is away", "logger": "aiokafka.conn", "log_level": "warning", "exc_info": None}]


def library(told: Told) -> logging.Logger:
    """Return a logger that nobody else has."""
    logger = logging.Logger("some.library")  # noqa: LOG001 - not the process's own
    logger.addHandler(told)
    return logger


def test_the_same_message_is_told_once_and_then_counted() -> None:
    logger = library(Told(seconds=1_000))
    with capture_logs() as lines:
        for n in range(50):
            logger.error("fetch failed: %s", n)
        logger.error("another thing")
    assert [line["event"] for line in lines] == ["fetch failed: 0", "another thing"]
    told = Told(seconds=0.0)
    again = library(told)
    told._left_out["some.library", "fetch failed: %s"] = 49
    with capture_logs() as lines:
        again.error("fetch failed: %s", 50)
    assert lines[0]["left_out"] == 49


def test_an_exception_keeps_its_traceback() -> None:
    logger = library(Told())
    with capture_logs() as lines:
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logger.exception("crashed")
    assert lines[0]["exc_info"][0] is ZeroDivisionError
