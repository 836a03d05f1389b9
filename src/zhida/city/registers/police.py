"""Public security: residents, households, moves."""

from __future__ import annotations

import numpy as np

from zhida.city.chunk import Chunk, Rows
from zhida.city.columns import NULL
from zhida.city.contracts import code, codes
from zhida.city.draws import below, spread
from zhida.city.families import HEAD, RELATIONS
from zhida.city.naming import write_names
from zhida.city.people import ID_AREAS


def resident(chunk: Chunk) -> Rows:
    rows = np.flatnonzero(chunk.present & chunk.not_cast)
    name, _ = write_names(chunk)
    kind = np.where(chunk.local, code("resident", "residence_kind", "registered"), code("resident", "residence_kind", "permit"))
    kind = np.where(chunk.collective & chunk.local, code("resident", "residence_kind", "collective"), kind)
    return Rows(
        "resident",
        rows,
        {
            "id_number": rows,
            "name": name[rows],
            "sex": codes("resident", "sex", ("male", "female"))[chunk.sex[rows]],
            "birth_date": chunk.birth[rows],
            "household_no": chunk.household_no[chunk.household[rows]],
            "relation": codes("resident", "relation", RELATIONS)[chunk.relation[rows]],
            "hukou_area": ID_AREAS[chunk.hukou[rows]],
            "residence_community": chunk.community[rows],
            "residence_kind": kind[rows],
        },
    )


def household(chunk: Chunk) -> Rows:
    rows = np.flatnonzero(chunk.household_not_cast)
    collective = chunk.collective[chunk.start]
    kinds = codes("household", "kind", ("family", "collective"))
    return Rows(
        "household",
        rows,
        {
            "household_no": chunk.household_no[rows],
            "kind": kinds[collective[rows].astype(int)],
            "head_id_number": np.where(chunk.relation[chunk.start] == HEAD, chunk.start, -1)[rows],
            "community": chunk.household_community[rows],
        },
        of_household=True,
    )


def move(chunk: Chunk) -> Rows:
    """Those who moved within the month: from anywhere in the city, or from outside it (empty)."""
    rows, _ = chunk.picked("move")
    rows = rows[chunk.alive[rows]]
    when, place = (draw[rows] for draw in chunk.draw(f"moved-{chunk.month.text}"))
    everywhere = chunk.people.plan.community
    outside = (place * 7_919 & 0xFFFFFFFF) < below(0.4)
    return Rows(
        "move",
        rows,
        {
            "id_number": rows,
            "moved_on": spread(when, chunk.month_start, chunk.month_end),
            "from_community": np.where(outside, NULL, everywhere[place * len(everywhere) >> 32]),
            "to_community": chunk.community[rows],
        },
    )
