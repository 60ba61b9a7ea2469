"""The contract as JSON Schemas, one per type, for those who send events; the files here are what was published.

``schemas()`` tells today's contract; a test compares it with the files and with ``compatibility``. What a schema cannot
say (two fields that contradict each other, ``1.0`` is no whole number), descriptions and the collector's verdicts do.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from models.interactions.envelope import EVENTS, INTERNAL_EVENTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every type that may come from outside, by type.

    >>> schemas()["ressenti.contact"]["properties"]["type"]["const"]
    'ressenti.contact'
    """
    return _named(EVENTS)


def own_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every record of our own that is among the interactions, by type.

    >>> sorted(own_schemas())
    ['ressenti.due', 'ressenti.reject']
    """
    return _named(INTERNAL_EVENTS)


def _named(events: Mapping[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    return {
        kind: {"$schema": DIALECT, "$id": f"urn:{kind}", **event.model_json_schema()} for kind, event in events.items()
    }


def file_name(kind: str) -> str:
    """Return the name of the file that holds the published schema of ``kind``.

    >>> file_name("ressenti.staff.voice")
    'staff.voice.json'
    """
    return kind.removeprefix("ressenti.") + ".json"
