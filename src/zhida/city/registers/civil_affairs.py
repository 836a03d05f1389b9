"""Civil affairs: means tests, certified households, destitute persons, orphans, children in difficulty, elders, relief."""

from __future__ import annotations

import numpy as np

from zhida.city.chunk import Chunk, Rows, nulls
from zhida.city.columns import NULL, digits, organisation_codes
from zhida.city.contracts import code, codes
from zhida.city.draws import below, choose, spread
from zhida.city.people import ABOVE, DIBAO, DIBIAN, WEALTHY
from zhida.city.plan import KINDS
from zhida.city.rates import rates

# Per head and month, fen: the living standard of 2025 is 1,301 yuan, the margin reaches twice that.
_STANDARD_FEN = 130_100
_INCOME_PERMILLE = {DIBAO: (60, 960), DIBIAN: (1010, 1880), ABOVE: (2060, 3300), WEALTHY: (150, 1500)}
_SAVINGS_FEN = {DIBAO: (0, 4_500_000), DIBIAN: (0, 8_000_000), ABOVE: (0, 20_000_000), WEALTHY: (10_000_000, 60_000_000)}
WELFARE_HOME_AREA, WELFARE_HOME_SERIAL = 330106, 47011258


def means_test(chunk: Chunk) -> Rows:
    rows = np.flatnonzero((chunk.household_class > 0) & chunk.household_not_cast)
    of_income, of_savings = (draw[rows] for draw in chunk.household_draw("means"))
    of_day, of_area = (draw[rows] for draw in chunk.household_draw("means-test"))
    kind, size = chunk.household_class[rows], chunk.sizes[rows]
    owns, wealthy = chunk.own_home[rows] == 0, kind == WEALTHY
    low, high = _range(_INCOME_PERMILLE, kind)
    income = spread(of_income, low, high) * _STANDARD_FEN // 1000 * size // 100 * 100
    low, high = _range(_SAVINGS_FEN, kind)
    second_home = owns & (of_area < np.where(wealthy, below(0.5), below(0.03)))
    dwellings = owns.astype(np.int64) + second_home + (wealthy & second_home & (of_day < below(0.4)))
    return Rows(
        "means_test",
        rows,
        {
            "household_no": chunk.household_no[rows],
            "tested_on": spread(of_day, chunk.month_end - 330, chunk.month_end - 2),
            "monthly_income": np.maximum(income, chunk.household_wages[rows]),
            "savings": spread(of_savings, low * size, high * size) // 10_000 * 10_000,
            "dwelling_count": dwellings,
            "dwelling_area": np.where(owns, spread(of_area, 38_00, 118_00) * np.maximum(dwellings, 1), 0),
            "commercial_property": (wealthy & (of_savings < below(0.35))).astype(np.int64),
        },
        of_household=True,
    )


def _range(ranges: dict[int, tuple[int, int]], kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low = np.array([0, *(ranges[one][0] for one in (DIBAO, DIBIAN, ABOVE, WEALTHY))])
    high = np.array([0, *(ranges[one][1] for one in (DIBAO, DIBIAN, ABOVE, WEALTHY))])
    return low[kind], high[kind]


def certified(chunk: Chunk) -> np.ndarray:
    """Return for each household its certificate: code of low_income.kind, -1 for none."""
    draw, second = chunk.household_draw("certified")
    rule = rates()["income_classes"]
    kind = np.full(chunk.households, -1, np.int64)
    sure = draw < below(rule["certified"])
    kind[(chunk.household_class == DIBAO) & sure] = code("low_income", "kind", "dibao")
    kind[(chunk.household_class == DIBIAN) & sure] = code("low_income", "kind", "dibian")
    kind[(chunk.household_class == ABOVE) & (second < below(rule["stale"]))] = code("low_income", "kind", "dibian")
    kind[~chunk.household_not_cast] = -1
    return kind


def low_income(chunk: Chunk) -> Rows:
    kind = certified(chunk)
    rows = np.flatnonzero(kind >= 0)
    since, until = (draw[rows] for draw in chunk.household_draw("certificate"))
    prefix = np.repeat(np.frombuffer(b"ZJDB", np.uint8)[None], len(rows), axis=0)
    return Rows(
        "low_income",
        rows,
        {
            "household_no": chunk.household_no[rows],
            "certificate_no": np.concatenate([prefix, digits(chunk.household_no[rows], 12)], axis=1),
            "kind": kind[rows],
            "valid_from": spread(since, chunk.month_end - 1100, chunk.month_end - 40),
            "valid_until": np.where(until < below(0.7), NULL, spread(until, chunk.month_end + 20, chunk.month_end + 360)),
        },
        of_household=True,
    )


def destitute(chunk: Chunk) -> Rows:
    rows, _ = chunk.picked("destitute")
    since, _ = (draw[rows] for draw in chunk.draw("destitute"))
    settings = codes("destitute", "care_setting", ("scattered", "central"))
    columns = {"id_number": rows, "care_setting": settings[chunk.collective[rows].astype(int)]}
    return Rows("destitute", rows, columns | _validity(chunk, since))


def orphan(chunk: Chunk) -> Rows:
    at_home, in_home = chunk.picked("orphan_scattered")[0], chunk.picked("orphan_institution")[0]
    rows = np.sort(np.concatenate([at_home, in_home]))
    since, _ = (draw[rows] for draw in chunk.draw("orphan"))
    institution = np.isin(rows, in_home)
    home = organisation_codes(np.array([WELFARE_HOME_AREA]), np.array([WELFARE_HOME_SERIAL]))
    care = codes("orphan", "care", ("scattered", "institution"))[institution.astype(int)]
    columns = {"id_number": rows, "care": care, "institution_code": np.where(institution[:, None], home, np.uint8(0))}
    return Rows("orphan", rows, columns | _validity(chunk, np.maximum(since, 0), chunk.birth[rows]))


def child_in_difficulty(chunk: Chunk) -> Rows:
    alone = chunk.picked("child_unsupported")[0]
    poor, kinds = chunk.difficult_children
    rows = np.concatenate([alone, poor])
    names = np.concatenate([np.full(len(alone), "unsupported", dtype="<U20"), kinds.astype("<U20")])
    order = np.argsort(rows, kind="stable")
    rows, names = rows[order], names[order]
    since, _ = (draw[rows] for draw in chunk.draw("difficulty"))
    kind = np.array([code("child_in_difficulty", "kind", str(name)) for name in names], dtype=np.int64)
    return Rows("child_in_difficulty", rows, {"id_number": rows, "kind": kind} | _validity(chunk, since, chunk.birth[rows]))


def elder_service(chunk: Chunk) -> Rows:
    rule = rates()["care"]["elder_service"]
    draw, second = chunk.draw("elder-service")
    alone = (chunk.kind == list(KINDS).index("elder_alone"))[chunk.household]
    level, _ = chunk.disability
    share = np.where(chunk.poor & (chunk.age >= 60), below(rule["poor_from_60"]), 0)
    share = np.where(alone & (chunk.age >= 80), below(rule["alone_from_80"]), share)
    share = np.where((level > 0) & (level <= 2) & (chunk.age >= 60), below(rule["certificate"]), share)
    rows = np.flatnonzero((draw < share) & chunk.local & chunk.alive & chunk.not_cast)
    amount = np.array([20_000, 30_000, 50_000, 75_000])[choose(second[rows], [4, 3, 2, 1])]
    columns = {"id_number": rows} | _validity(chunk, second[rows]) | {"monthly_amount": amount}
    return Rows("elder_service", rows, columns)


def emergency_relief(chunk: Chunk) -> Rows:
    rows, turn = chunk.picked("emergency_relief")
    when, need = (draw[rows] for draw in chunk.household_draw("relief"))
    return Rows(
        "emergency_relief",
        rows,
        {
            "household_no": chunk.household_no[rows],
            "occurred_on": spread(when, chunk.month_start - 12, chunk.month_end - 1),
            "assessed_need": spread(need, 150_000, 6_000_000) // 10_000 * 10_000,
            "extraordinary": (turn % 6 == 0).astype(np.int64),
        },
        of_household=True,
    )


def _validity(chunk: Chunk, draw: np.ndarray, not_before: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return since when a row is valid, within about four years, and no end."""
    since = spread(draw, chunk.month_end - 1500, chunk.month_end - 35)
    if not_before is not None:
        since = np.minimum(np.maximum(since, not_before + 30), chunk.month_end - 1)
    return {"valid_from": since, "valid_until": nulls(len(since))}
