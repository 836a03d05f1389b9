"""Who may use a programme in a month: a list made of decisions or of ages, and looked up by number while somebody waits at a till."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import numpy as np
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.tills import rows
from zhida.blocks.tills.common import may, record
from zhida.blocks.tills.models import EligibleResident, EventProgramme
from zhida.blocks.tills.programmes import programmes
from zhida.blocks.tills.rules import Programme, Standing, list_for
from zhida.kernel.period import Month

_ROWS_AT_ONCE = 5_000
_ENTITLED = 1


def make_lists(viewer: access.Viewer, month: Month | None = None) -> dict[str, int]:
    """Make the list of every programme for a decided month (the newest by default) anew; return programme -> persons on it.

    Whoever died is left out. Numbers that were merged into another one stand for the person that was kept.
    Raises: NoRun, PermissionMissing.
    """
    may(viewer, "tills.manage")
    run = policies.latest_run(month)
    dead, merged = set(records.died_residents().tolist()), _numbers_merged_into()
    counts = {}
    for programme in programmes().values():
        persons = _entitled(programme, run) if programme.who_benefit else _of_age(programme, run)
        living = {number: is_known for number, is_known in persons if number not in dead}
        write_list(programme.code, run.month, living, merged)
        counts[programme.code] = len(living)
    record(viewer, "tills.lists", f"month {run.month}")
    return counts


def _numbers_merged_into() -> dict[int, list[int]]:
    """Return kept number -> the numbers that were merged into it."""
    found: dict[int, list[int]] = {}
    for removed, kept in parties.merged_numbers().items():
        found.setdefault(kept, []).append(removed)
    return found


@transaction.atomic
def write_list(programme: str, month: str, persons: dict[int, bool], merged: dict[int, list[int]]) -> None:
    """Replace the list of a month. persons: number -> whether the answer is known."""
    kept = EventProgramme.objects.select_for_update().get(code=programme)
    EligibleResident.objects.filter(programme=programme, month=month).delete()
    made = (
        EligibleResident(programme=programme, month=month, resident_no=number, person_no=person, is_known=is_known)
        for person, is_known in persons.items()
        for number in (person, *merged.get(person, ()))
    )
    EligibleResident.objects.bulk_create(made, batch_size=_ROWS_AT_ONCE)
    kept.listed_months = sorted({*kept.listed_months, month})
    kept.save(update_fields=["listed_months"])


def _entitled(programme: Programme, run: Any) -> Iterator[tuple[int, bool]]:
    """Yield the persons whom a benefit is due to, or perhaps due to; of a household's benefit all its members."""
    residents = str(records.snapshot_path(run.snapshot_hash) / "residents.parquet")
    sql = """
        WITH decided AS (SELECT entity_kind, entity_no, status FROM read_parquet(?) WHERE benefit = ? AND status IN (1, 2))
        SELECT entity_no AS person, status FROM decided WHERE entity_kind = 1
        UNION ALL
        SELECT r.resident_no, d.status FROM decided d JOIN read_parquet(?) r ON r.household_no = d.entity_no WHERE d.entity_kind = 2
        ORDER BY 1, 2 DESC"""
    with duckdb.connect() as db:
        found = db.execute(sql, [policies.decisions_path(run.id), programme.who_benefit, residents]).fetchnumpy()
    # Where one line says yes and another is unknown, yes counts: it comes last.
    return zip(found["person"].tolist(), (found["status"] == _ENTITLED).tolist(), strict=True)


def _of_age(programme: Programme, run: Any) -> Iterator[tuple[int, bool]]:
    """Yield the persons who have reached the age by the month's end; of an unknown birth date it is not known."""
    residents = str(records.snapshot_path(run.snapshot_hash) / "residents.parquet")
    month = Month.parse(run.month)
    end = Month(month.year - (programme.age_from or 0), month.month).end
    sql = "SELECT resident_no, birth_date IS NOT NULL AS known FROM read_parquet(?) WHERE birth_date < ? OR birth_date IS NULL"
    with duckdb.connect() as db:
        found = db.execute(sql, [residents, end]).fetchnumpy()
    return zip(found["resident_no"].tolist(), np.asarray(found["known"], dtype=bool).tolist(), strict=True)


_WANTED = {"resident_no": "bigint", "programme": "text", "month": "text"}
_LOOK_UP = """SELECT e.programme, e.month, e.resident_no, e.person_no, e.is_known FROM tills_eligibleresident e
    JOIN {wanted} ON e.resident_no = w.resident_no AND e.programme = w.programme AND e.month = w.month"""


class Lists:
    """The lists that some events are judged by, read at once."""

    def __init__(self, listed_months: dict[str, list[str]], wanted: Iterable[tuple[str, str, int]]) -> None:
        """wanted: programme, month of the event, resident number."""
        wanted = set(wanted)
        self._list_of = {(programme, month): list_for(month, listed_months[programme]) for programme, month, _ in wanted}
        asked = [(number, programme, self._list_of[programme, month]) for programme, month, number in wanted]
        found = rows.query(_LOOK_UP.format(wanted=rows.unfolded("w", _WANTED)), json.dumps([each for each in asked if each[2]]))
        self._rows = {(programme, month, number): (person, bool(known)) for programme, month, number, person, known in found}

    def standing(self, programme: str, month: str, resident_no: int) -> Standing:
        """Return what the list that serves a month says of a resident."""
        listed = self._list_of[(programme, month)]
        if listed is None:
            return Standing(None)
        found = self._rows.get((programme, listed, resident_no))
        return Standing(True, found[1], found[0]) if found else Standing(False)
