"""To the fen: the parts are the whole, in Python and in both databases' SQL; and no level pays more than it has."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.blocks.access.api import SYSTEM, PermissionMissing
from zhida.blocks.payments import api, bulk
from zhida.blocks.payments.forecasting import forecast
from zhida.blocks.payments.rules import split_fen
from zhida.blocks.payments.sharing import share_columns
from zhida.blocks.payments.testing import CHECKER, MAKER, decision


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Four shares that are a whole; any of them may bear nothing."""
    cuts = sorted(draw(st.lists(st.sampled_from([0, 1, 3_333, 5_000, 9_999, 10_000]) | st.integers(0, 10_000), min_size=3, max_size=3)))
    return cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 10_000 - cuts[2]


AMOUNTS = st.integers(1, 10**12) | st.integers(1, 10_001)


@given(AMOUNTS, shares())
def test_the_parts_are_the_whole_and_each_is_within_its_rest_of_exact(amount_fen, share):
    parts = split_fen(amount_fen, share)
    assert sum(parts) == amount_fen
    last = max(place for place, points in enumerate(share) if points)
    for place, (part, points) in enumerate(zip(parts, share, strict=True)):
        off = part * 10_000 - amount_fen * points
        # All but the last are rounded down; the last takes what three others leave.
        assert (0 <= off < 3 * 10_000) if place == last else (-10_000 < off <= 0)
        assert points or part == 0


@pytest.mark.django_db(transaction=True)
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(AMOUNTS, shares()), min_size=1, max_size=20))
def test_sql_splits_as_python_does(cases):
    rows = [(f"SELECT {amount} AS n, {' , '.join(f'{bp} AS {name}_bp' for name, bp in _named(share))}") for amount, share in cases]
    sql = " UNION ALL ".join(f"SELECT {place} AS place, x.* FROM ({row}) x" for place, row in enumerate(rows))
    wide = "CAST(t.n AS bigint)"
    found = bulk.rows(f"SELECT t.place, {share_columns(wide)} FROM ({sql}) t ORDER BY t.place", [])
    assert [tuple(int(part) for part in row[1:]) for row in found] == [split_fen(amount, share) for amount, share in cases]


def _named(share):
    return zip(("central", "province", "city", "district"), share, strict=True)


# ---- envelopes of four levels ----------------------------------------------------------------------------------------------------------

QUARTERS = (2_500, 2_500, 2_500, 2_500)


def _four_levels(benefit: str, amount_fen: int, district_fen: int) -> None:
    for level in ("central", "province", "city"):
        api.set_budget(CHECKER, benefit, 2025, amount_fen, level)
    api.set_budget(CHECKER, benefit, 2025, district_fen, "district", 330106)


@pytest.mark.django_db
def test_a_district_that_is_one_fen_short_keeps_the_batch_from_leaving(desk):
    api.set_cost_share(CHECKER, "dibao", date(2025, 1, 1), QUARTERS, "a document")
    # 101 fen: 25, 25, 25 and 26.
    _four_levels("dibao", 25, 25)
    batch = desk.prepare([decision(1, 101)])
    with pytest.raises(api.BudgetExceeded, match=r"district Xihu 330106\): it needs 0\.26 yuan and 0\.25 are left"):
        desk.approve(batch)
    assert api.batch(MAKER, batch.pk).state == "prepared"
    assert {row.committed_fen for row in api.budgets(MAKER)} == {0}, "no level has paid for a batch that does not leave"
    api.set_budget(CHECKER, "dibao", 2025, 26, "district", 330106)
    assert desk.approve(batch).state == "approved"
    assert {row.available_fen for row in api.budgets(MAKER)} == {0}
    assert api.split_by_level(MAKER, batch.pk) == [("dibao", (25, 25, 25, 26))]
    committed = api.committed_by_month(MAKER, 2025)
    assert committed[("dibao", "district", 330106)] == {10: 26} and committed[("dibao", "central", 0)] == {10: 25}


@pytest.mark.django_db
def test_a_batch_keeps_the_shares_it_was_prepared_with(desk):
    api.set_cost_share(CHECKER, "dibao", date(2025, 1, 1), QUARTERS, "a document")
    _four_levels("dibao", 100_00, 100_00)
    batch = desk.prepare([decision(1, 100)])
    api.set_cost_share(CHECKER, "dibao", date(2025, 10, 1), (0, 0, 10_000, 0), "a newer document")
    desk.approve(batch)
    assert api.split_by_level(MAKER, batch.pk) == [("dibao", (25, 25, 25, 25))]
    after = desk.prepare([decision(2, 100)])
    assert api.split_by_level(MAKER, after.pk) == [("dibao", (0, 0, 100, 0))]


@pytest.mark.django_db
def test_shares_of_a_month_that_left_stay(desk):
    desk.budget()
    desk.send([decision(1, 100_00)])
    for day in (date(2025, 1, 1), date(2025, 10, 31)):
        with pytest.raises(api.ShareInClosedMonth, match="2025-11-01"):
            api.set_cost_share(CHECKER, "dibao", day, QUARTERS, "late")
        with pytest.raises(api.ShareInClosedMonth):
            api.set_cost_share(CHECKER, "", day, QUARTERS, "late for all")
    api.set_cost_share(CHECKER, "gaoling", date(2025, 1, 1), QUARTERS, "nothing of it has left")
    row = api.set_cost_share(CHECKER, "dibao", date(2025, 11, 1), QUARTERS, "in time")
    assert [one.pk for one in api.cost_shares(MAKER) if one.benefit == "dibao"] == [row.pk]


@pytest.mark.django_db
def test_shares_that_may_not_be(desk):
    for wrong in ((10_000, 1, 0, 0), (0, 0, 0, 9_999), (10_001, -1, 0, 0)):
        with pytest.raises(api.SharesDoNotFit):
            api.set_cost_share(CHECKER, "dibao", date(2025, 1, 1), wrong, "a document")
    with pytest.raises(api.ShareWithoutSource):
        api.set_cost_share(CHECKER, "dibao", date(2025, 1, 1), QUARTERS, " ")
    with pytest.raises(PermissionMissing):
        api.set_cost_share(MAKER, "dibao", date(2025, 1, 1), QUARTERS, "a document")
    api.set_cost_share(SYSTEM, "", date(2025, 1, 1), QUARTERS, "for all")
    assert api.shares_on(date(2025, 6, 1), ["dibao"]) == {"dibao": QUARTERS}
    assert api.shares_on(date(2024, 12, 31), ["dibao"]) == {"dibao": (0, 0, 10_000, 0)}


# ---- the rest of the year --------------------------------------------------------------------------------------------------------------


def test_nothing_is_forecast_of_nothing():
    assert forecast(100, {}) is None
    assert forecast(100, {3: 0}) is None


def test_the_last_three_months_are_what_is_expected_of_the_rest():
    told = forecast(1_000, {1: 10, 2: 500, 3: 60, 4: 90, 5: 30})
    assert (told.used_fen, told.low_fen, told.mean_fen, told.high_fen, told.months_left) == (690, 30, 60, 90, 7)
    assert told.year_fen == (900, 1_110, 1_320)
    assert told.runs_out == 11, "690 by May, 60 a month: 990 by October"


def test_months_before_the_first_payment_say_nothing_and_a_gap_after_it_does():
    assert forecast(1_000, {9: 90, 10: 110}).mean_fen == 100
    assert (forecast(1_000, {8: 90, 10: 30}).low_fen, forecast(1_000, {8: 90, 10: 30}).mean_fen) == (0, 40)


def test_an_envelope_that_lasts_on_average_may_fall_short():
    told = forecast(420, {8: 90, 9: 60, 10: 120})
    assert (told.runs_out, told.year_fen) == (12, (390, 450, 510))
    told = forecast(460, {8: 90, 9: 60, 10: 120})
    assert (told.runs_out, told.may_run_out) == (None, True)
    assert not forecast(510, {8: 90, 9: 60, 10: 120}).may_run_out


@given(st.integers(0, 10**12), st.dictionaries(st.integers(1, 12), st.integers(0, 10**11), min_size=1))
def test_a_forecast_is_in_order_and_begins_with_what_was_given_out(envelope_fen, committed):
    told = forecast(envelope_fen, committed)
    if told is None:
        assert not any(committed.values())
        return
    low, mean, high = told.year_fen
    assert told.used_fen <= low <= mean <= high
    assert told.course[-1] == mean and sum(committed.values()) == told.used_fen
    if told.runs_out:
        assert told.course[told.runs_out - 1] > envelope_fen
        assert told.runs_out == 1 or told.course[told.runs_out - 2] <= envelope_fen
