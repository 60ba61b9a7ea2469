"""Forgetting a customer, asked for by the pseudonym or by the company's own id of them.

What goes from where is the store's business; here the person's id is turned into everything they may be known by.
"""

from dataclasses import dataclass, replace

from models.identifiers import Subject
from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym
from store.database import Store


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who was forgotten, and how many rows went from each table."""

    subject: Subject
    rows: dict[str, int]


def erase(store: Store, key: PseudonymKey, customer: str, by: str) -> list[Forgotten]:
    """Forget ``customer``, a pseudonym or a raw id, everywhere; durable when this returns.

    A raw id is forgotten under every version of the key up to the present one, as far as the present secret made
    them, and with it the rows that an import rejected and that hold it (counted with the present version). The engine
    is fenced by the store and goes on without them; what is sent of them later leaves nothing.
    """
    if is_pseudonym(customer):
        return [Forgotten(Subject(customer), store.erase(Subject(customer), by))]
    *past, present = _pseudonyms(customer, key)
    forgotten = [Forgotten(subject, store.erase(subject, by)) for subject in past]
    return [*forgotten, Forgotten(present, store.erase(present, by, raw=customer))]


def _pseudonyms(raw: str, key: PseudonymKey) -> list[Subject]:
    return [pseudonym(raw, replace(key, version=version)) for version in range(1, key.version + 1)]
