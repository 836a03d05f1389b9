"""Arithmetic that the published numbers of the law must satisfy among themselves, so that a typing mistake of ours is seen."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from zhida.blocks.policies.api import installed_law
from zhida.kernel.period import NEVER

XIHU = 330106


def _values(name: str, area: int | None = None) -> dict[str, int]:
    """Return the yuan a number of the law has from each of its days on."""
    parameter = installed_law(NEVER).parameters[name]
    keys = (area,) if parameter.by else ()
    found = {str(day): parameter.entry_on(day, keys) for day in parameter.starts()}
    return {day: int(entry.value) // 100 for day, entry in found.items() if entry and isinstance(entry.value, int)}


def _rounded(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def test_an_orphan_in_a_family_is_paid_eighty_percent_of_the_institutions_standard() -> None:
    institution = _values("orphan_institution_standard")
    assert _values("orphan_scattered_standard") == {day: _rounded(Decimal(value) * 8 / 10) for day, value in institution.items()}
    assert len(institution) == 5


def test_destitute_persons_are_paid_five_thirds_of_the_minimum_standard_and_a_little_more_in_2025() -> None:
    destitute, minimum = _values("tekun_standard", XIHU), _values("dibao_standard", XIHU)
    ratio = {day: round(destitute[day] / value, 3) for day, value in minimum.items()}
    assert ratio == {"2021-01-01": 1.667, "2022-10-01": 1.667, "2023-07-31": 1.666, "2025-01-23": 1.733}


def test_the_amount_of_dibian_children_published_in_2025_differs_from_its_own_formula() -> None:
    gap = _values("orphan_scattered_standard")["2025-01-23"] - _values("dibao_standard", XIHU)["2025-01-23"]
    assert (gap, _rounded(Decimal(gap) * 3 / 10)) == (1224, 367)
    assert _values("kunjing_dibian_published")["2025-01-23"] == 368


def test_published_amounts_of_other_children_are_what_the_formula_gives_until_then() -> None:
    orphans, minimum = _values("orphan_scattered_standard"), _values("dibao_standard", XIHU)
    gaps = [orphans[day] - minimum[day] for day in ("2021-01-01", "2022-10-01", "2023-07-31")]
    assert [(_rounded(Decimal(gap) / 2), _rounded(Decimal(gap) * 3 / 10)) for gap in gaps] == [(478, 287), (527, 316), (546, 327)]
