"""What cells count, by number: each measure's name as a small integer, which is quicker to add and shorter to keep.

The numbers are the places in ``NAMES``: names may be added at its end, never moved or taken out, for cells are written
with them. A name that is not there stands for itself; nothing is lost by forgetting to add one.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from models.cells import Counts

NAMES: tuple[str, ...] = tuple(
    """
    contact.n contact.f contact.ff contact.shown contact.shown2 contact.good contact.unscored contact.said
    contact.gap contact.gap2 contact.only contact.unexplained contact.repaired journey.n journey.f journey.ff
    journey.shown journey.shown2 journey.good journey.unscored journey.said journey.gap journey.gap2
    journey.only journey.unexplained journey.repaired customer.n customer.f customer.ff customer.shown
    customer.shown2 customer.good customer.unscored customer.said customer.gap customer.gap2 customer.only
    customer.unexplained customer.repaired customer.earlier customer.share contact.loss.wait
    contact.loss.repeated_step contact.loss.context_lost contact.loss.channel_unfit contact.loss.menu_loop
    contact.loss.paid_line contact.loss.abandoned contact.loss.transfer_failed contact.loss.promise_broken
    contact.loss.cold_transfer contact.loss.wrong_answer contact.loss.incident_not_told contact.loss.late
    contact.loss.incident journey.loss.wait journey.loss.repeated_step journey.loss.context_lost
    journey.loss.channel_unfit journey.loss.menu_loop journey.loss.paid_line journey.loss.abandoned
    journey.loss.transfer_failed journey.loss.promise_broken journey.loss.cold_transfer
    journey.loss.wrong_answer journey.loss.incident_not_told journey.loss.late journey.loss.incident
    customer.loss.wait customer.loss.repeated_step customer.loss.context_lost customer.loss.channel_unfit
    customer.loss.menu_loop customer.loss.paid_line customer.loss.abandoned customer.loss.transfer_failed
    customer.loss.promise_broken customer.loss.cold_transfer customer.loss.wrong_answer
    customer.loss.incident_not_told customer.loss.late customer.loss.incident contact.observed.wait
    contact.observed.repeated_step contact.observed.context_lost contact.observed.channel_unfit
    contact.observed.menu_loop contact.observed.paid_line contact.observed.abandoned
    contact.observed.transfer_failed contact.observed.promise_broken contact.observed.cold_transfer
    contact.observed.wrong_answer contact.observed.incident_not_told contact.observed.late
    contact.observed.incident journey.observed.wait journey.observed.repeated_step journey.observed.context_lost
    journey.observed.channel_unfit journey.observed.menu_loop journey.observed.paid_line
    journey.observed.abandoned journey.observed.transfer_failed journey.observed.promise_broken
    journey.observed.cold_transfer journey.observed.wrong_answer journey.observed.incident_not_told
    journey.observed.late journey.observed.incident contact.seeds.proactive contact.seeds.first_time
    contact.seeds.thanks contact.seeds.referral loyalty.purchase loyalty.renewal loyalty.departure
    loyalty.referral loyalty.amount.purchase loyalty.amount.renewal loyalty.amount.departure
    loyalty.amount.referral contact.abandoned contact.queued contact.wait_s contact.served_in_time
    """.split()  # noqa: SIM905 - a hundred names read better as text
)

Coded = dict[int | str, int]
"""Counts by number."""
Packed = msgspec.Raw
"""Counts by number as a MessagePack map, numbers first and in order: of equal counts the bytes are equal."""


class _Numbers(dict[str, int | str]):
    """Each name's number; a name without one stands for itself."""

    def __missing__(self, name: str) -> str:
        return name


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Coded).decode
_NUMBERS = _Numbers({name: number for number, name in enumerate(NAMES)})


def numbers_of(names: Iterable[str]) -> Iterator[int | str]:
    """Yield each name's number, or the name itself where it has none."""
    return map(_NUMBERS.__getitem__, names)


def coded(counts: Mapping[str, int]) -> Coded:
    """Return ``counts`` by number, without those that are zero.

    >>> coded({"contact.n": 2, "contact.unheard_of": 1})
    {0: 2, 'contact.unheard_of': 1}
    """
    if 0 in counts.values():
        counts = {name: value for name, value in counts.items() if value}
    return dict(zip(numbers_of(counts), counts.values(), strict=True))


def named(counts: Mapping[int | str, int]) -> Counts:
    """Return coded ``counts`` by name, in the order of names, without those that are zero.

    >>> named({13: 2, 0: 1, 1: 0})
    {'contact.n': 1, 'journey.n': 2}
    """
    # Summed, not just renamed: a cell written before its measure had a number holds the name itself.
    found: Counts = {}
    for key, value in counts.items():
        name = key if isinstance(key, str) else NAMES[key]
        found[name] = found.get(name, 0) + value
    return {name: value for name, value in sorted(found.items()) if value}


def packed(counts: Coded) -> Packed:
    """Return ``counts`` packed; those that are zero must have left.

    >>> bytes(packed({"x": 1, 2: 300})).hex()
    '8202cd012ca17801'
    """
    return Packed(_encode(dict(sorted(counts.items(), key=lambda item: (isinstance(item[0], str), item[0])))))


def unpacked(data: Packed) -> Coded:
    """Return what ``packed`` made ``data`` from."""
    return _decode(data)


def added(into: Coded, counts: Coded) -> Coded:
    """Add ``counts`` to ``into``, in place, and return it; what becomes zero leaves."""
    get = into.get
    for key, value in counts.items():
        if there := get(key, 0) + value:
            into[key] = there
        else:
            into.pop(key, None)
    return into
