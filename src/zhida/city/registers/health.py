"""Health: births, deaths, pregnancies, ability assessments."""

from __future__ import annotations

import numpy as np

from zhida.city.chunk import Chunk, Rows
from zhida.city.columns import NULL
from zhida.city.contracts import code, codes
from zhida.city.draws import below, choose, spread
from zhida.city.families import HEAD, SPOUSE, WOMAN
from zhida.city.people import STOCKTAKING_DAY
from zhida.city.rates import rates

# The birth register covers the children of the last four years.
_COVERED_DAYS = 4 * 366
_PREGNANCY_DAYS = 280


def birth(chunk: Chunk) -> Rows:
    young = (chunk.birth >= STOCKTAKING_DAY - _COVERED_DAYS) & (chunk.mother >= 0)
    rows = np.flatnonzero(young & chunk.present & chunk.not_cast)
    return Rows(
        "birth",
        rows,
        {
            "id_number": rows,
            "mother_id_number": chunk.mother[rows],
            "father_id_number": chunk.father[rows],
            "born_on": chunk.birth[rows],
            "birth_order": chunk.child_order[rows],
            "plurality": chunk.plurality[rows],
            "hukou_first_local": chunk.local[rows].astype(np.int64),
        },
    )


def death(chunk: Chunk) -> Rows:
    """Those who died in the month or the one before and are still in the resident register."""
    recent = (chunk.died >= chunk.month_start - 31) & (chunk.died < chunk.month_end)
    rows = np.flatnonzero(recent & chunk.present & chunk.not_cast)
    draw, _ = (one[rows] for one in chunk.draw("registered"))
    registered = np.minimum(chunk.died[rows] + spread(draw, 1, 8), chunk.month_end - 1)
    return Rows("death", rows, {"id_number": rows, "died_on": chunk.died[rows], "registered_on": registered})


def pregnancy(chunk: Chunk) -> Rows:
    """Women who carry a child, and those who gave birth within the year."""
    last_child = _last_child(chunk)
    expecting = np.flatnonzero(_expects(chunk) & (last_child < 0))
    rows = np.sort(np.concatenate([np.flatnonzero(last_child >= 0), expecting]))
    child = last_child[rows]
    has = child >= 0
    born = np.where(has, chunk.birth[child], 0)
    when, _ = (draw[rows] for draw in chunk.draw("pregnancy-day"))
    started = np.where(has, born - _PREGNANCY_DAYS + spread(when, -9, 10), spread(when, chunk.month_end - 268, chunk.month_end - 40))
    children = np.bincount(chunk.household[chunk.child_order > 0], minlength=chunk.households)[chunk.household[rows]]
    return Rows(
        "pregnancy",
        rows,
        {
            "id_number": rows,
            "last_menstrual_on": started,
            "expected_children": np.where(has, chunk.plurality[child], 1),
            "couple_children": np.where(has, chunk.child_order[child] - 1, children),
            "delivered_on": np.where(has & (born < chunk.month_end), born, NULL),
        },
    )


def _last_child(chunk: Chunk) -> np.ndarray:
    """Return for each woman the first-born of her last birth, if that was within the year before the stocktaking; else -1."""
    found = np.full(chunk.persons, -1, np.int64)
    recent = np.flatnonzero((chunk.birth >= STOCKTAKING_DAY - 365) & (chunk.mother >= 0) & chunk.not_cast)
    recent = recent[chunk.birth[recent] - _PREGNANCY_DAYS < chunk.month_end - 40]
    # Backwards, so that the eldest of twins remains.
    found[chunk.mother[recent[::-1]]] = recent[::-1]
    return found


def _expects(chunk: Chunk) -> np.ndarray:
    draw, _ = chunk.draw("pregnant")
    couple = (chunk.partner(0) >= 0) & (chunk.partner(WOMAN) >= 0)
    fertile = (chunk.sex == WOMAN) & (chunk.age >= 21) & (chunk.age <= 43) & np.isin(chunk.relation, (HEAD, SPOUSE))
    share = below(rates()["pregnancies"]["now_per_woman_with_partner"])
    likelier = np.where((chunk.age >= 25) & (chunk.age <= 34), share * 8 // 5, share * 2 // 5)
    return fertile & couple[chunk.household] & (draw < likelier) & chunk.alive & chunk.not_cast


def ability_assessment(chunk: Chunk) -> Rows:
    rule = rates()["care"]
    level, _ = chunk.disability
    grave = (level > 0) & (level <= 2)
    draw, of_level = chunk.draw("assessed")
    share = np.select(
        [grave, chunk.age >= 80, chunk.age >= 60],
        [below(rule["assessed"]["certificate_1_2"]), below(rule["assessed"]["from_80"]), below(rule["assessed"]["from_60"])],
        0,
    )
    rows = np.flatnonzero((draw < share) & chunk.local & chunk.alive & chunk.not_cast)
    of_level, (when, amount) = of_level[rows], (one[rows] for one in chunk.draw("care"))
    care = np.where(grave[rows], choose(of_level, rule["level_certificate"]), choose(of_level, rule["level_60"]))
    severe = care >= code("ability_assessment", "care_level", "severe_1")
    institution = severe & (amount < below(rule["institution"]))
    at_home = severe & ~institution
    # Self-care follows the level: one in three moderate cases needs help with the basics, most severe ones with everything.
    ability = np.array([0, 1, 1, 3, 3, 3])[care]
    ability = np.where((care == 2) & (when < below(0.35)), 2, np.where(severe & (when < below(0.2)), 2, ability))
    settings = codes("ability_assessment", "care_setting", ("home", "institution"))
    return Rows(
        "ability_assessment",
        rows,
        {
            "id_number": rows,
            "assessed_on": spread(when, chunk.month_end - 700, chunk.month_end - 3),
            "care_level": care.astype(np.int64),
            "self_care": ability,
            "care_setting": np.where(severe, settings[institution.astype(int)], -1),
            "home_hours": np.where(at_home, spread(amount, 4, 42), NULL),
            "institution_days": np.where(institution, np.minimum(spread(amount * 4, 12, 46), 30), NULL),
        },
    )
