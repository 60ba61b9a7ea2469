from pathlib import Path

from models.effects import Effects, RescueRow
from models.identifiers import DAY, HOUR, Centi, Epoch, Millis, Offset, Partition, Subject
from store.database import Store
from store.rescues import KeptRescue, write_rescues
from streams.cases import CaseOpener, case_of
from streams.leadership import Leadership

NOW = Millis(1_800_000_000_000)
WHO = Subject("p1_" + "a" * 26)


def rescue(raised_at: Millis, left_why: str | None = None) -> RescueRow:
    return RescueRow(
        subject=WHO,
        journey=f"j{raised_at}",
        contact="c",
        raised_at=raised_at,
        score=Centi(4_000),
        causes={"wait": 1_500, "repeated_step": 500},
        waited=900,
        act="call on the phone",
        channel="chat",
        touchpoint="help",
        left_at=None if left_why is None else raised_at,
        left_why=left_why,
    )


def keep(store: Store, *rows: RescueRow) -> None:
    from models.partitions import partition_of

    with store.transaction(), store._database.write() as connection:
        here = Partition(partition_of(WHO.encode(), store.partition_count))
        effects = Effects(here, Offset(0), Offset(0), Epoch(0), Millis(0))
        effects.rescues = {(row.subject, row.journey): row for row in rows}
        write_rescues(connection, [effects])


def opener(store: Store) -> CaseOpener:
    leadership = Leadership(store)
    leadership.claim(NOW)
    return CaseOpener(store, leadership)


def test_a_rescue_nobody_took_within_a_day_becomes_one_case(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        keep(store, rescue(Millis(NOW - 25 * HOUR), "abandoned"), rescue(Millis(NOW - HOUR)))
        assert opener(store).tick(NOW) == 1
        assert opener(store).tick(Millis(NOW + 1)) == 0
        (case,) = store.cases.list_open()
    assert (case.subject, case.kind, case.proposed) == (WHO, "rescue", "call on the phone")
    assert "wait, repeated step" in case.reason


def test_a_resolved_or_taken_rescue_becomes_no_case(tmp_path: Path) -> None:
    taken = rescue(Millis(NOW - 2 * DAY))
    with Store.open(tmp_path) as store:
        keep(store, rescue(Millis(NOW - 3 * DAY), "resolved"), taken)
        store.rescues.take(WHO, taken.journey, "Ana", NOW)
        assert opener(store).tick(NOW) == 0


def test_a_cases_id_tells_nothing_of_the_customer() -> None:
    case = case_of(KeptRescue(rescue(NOW), None, None, None), NOW)
    assert WHO not in case.id
    assert case.id == case_of(KeptRescue(rescue(NOW), None, None, None), Millis(NOW + 1)).id
