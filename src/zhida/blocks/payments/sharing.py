"""Who bears a payment: shares of the levels of government, in Python and in SQL, and the envelopes they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.db.models import F

from zhida.blocks.access import api as access
from zhida.blocks.payments import bulk
from zhida.blocks.payments.errors import BudgetExceeded, ShareInClosedMonth, SharesDoNotFit, ShareWithoutSource
from zhida.blocks.payments.locking import one_command
from zhida.blocks.payments.models import BudgetEnvelope, CostShare, PaymentInstruction
from zhida.blocks.payments.rules import WHOLE_CITY, BatchState, Level, Share
from zhida.kernel.period import Month

WHOLE_BP = 10_000
SHARE_COLUMNS = ("central_fen", "province_fen", "city_fen", "district_fen")

# An envelope: benefit, level, area; and what is to be taken from it or given back.
Envelopes = dict[tuple[str, str, int], int]


def shares_on(day: date, benefits: Iterable[str]) -> dict[str, Share]:
    """Return who bears each benefit on a day; a benefit without a row of its own follows the common one, and without that the city pays."""
    found: dict[str, Share] = {}
    for row in CostShare.objects.filter(valid_from__lte=day).order_by("valid_from"):
        found[row.benefit] = (row.central_bp, row.province_bp, row.city_bp, row.district_bp)
    common = found.get("", WHOLE_CITY)
    return {benefit: found.get(benefit, common) for benefit in benefits}


def set_cost_share(viewer: access.Viewer, benefit: str, valid_from: date, share: Share, source: str) -> CostShare:
    """Say who bears a benefit from a day on (``benefit`` empty: all without a row of their own). Batches keep the shares they began with.

    share: basis points of central, province, city and district.
    Raises: SharesDoNotFit, ShareWithoutSource, ShareInClosedMonth, PermissionMissing.
    """
    if viewer != access.SYSTEM:
        access.require(viewer, "payments.settings")
    if sum(share) != WHOLE_BP or min(share) < 0:
        raise SharesDoNotFit(benefit, sum(share))
    if not source.strip():
        raise ShareWithoutSource(benefit)
    with one_command():
        closed = last_closed_month(benefit)
        if closed and valid_from < closed.end:
            raise ShareInClosedMonth(benefit, closed.text, closed.end.isoformat())
        points = dict(zip(("central_bp", "province_bp", "city_bp", "district_bp"), share, strict=True))
        row, _ = CostShare.objects.update_or_create(
            benefit=benefit, valid_from=valid_from, defaults={**points, "source": source.strip()[:300]}
        )
        access.record_access(viewer, access.Purpose.PAYMENT, "payments.cost_share", f"cost share {benefit or 'all'} {valid_from}")
    return row


def last_closed_month(benefit: str) -> Month | None:
    """Return the newest month whose payments of a benefit have left (of any benefit: empty); None before the first."""
    gone = PaymentInstruction.objects.filter(state__in=[BatchState.RELEASED, BatchState.SETTLED])
    months = [month for month, shares in gone.values_list("month", "shares") if not benefit or benefit in shares]
    return Month.parse(max(months)) if months else None


def cost_shares(viewer: access.Viewer) -> list[CostShare]:
    """List who bears what since when, by benefit, the newest first; the common row of all others has no benefit."""
    if viewer != access.SYSTEM:
        access.require(viewer, "payments.view")
    return list(CostShare.objects.order_by("benefit", "-valid_from"))


def share_columns(amount: str, divide: str = "/") -> str:
    """Return SQL that splits ``amount`` as ``rules.split_fen`` does; the row has central_bp … district_bp. divide: of whole numbers."""
    parts = {name: f"({amount} * {name}_bp {divide} 10000)" for name in ("central", "province", "city")}
    rest_city = f"{amount} - {parts['central']} - {parts['province']}"
    return f"""
        CASE WHEN province_bp + city_bp + district_bp > 0 THEN {parts["central"]} ELSE {amount} END AS central_fen,
        CASE WHEN city_bp + district_bp > 0 THEN {parts["province"]}
             WHEN province_bp > 0 THEN {amount} - {parts["central"]} ELSE 0 END AS province_fen,
        CASE WHEN district_bp > 0 THEN {parts["city"]} WHEN city_bp > 0 THEN {rest_city} ELSE 0 END AS city_fen,
        CASE WHEN district_bp > 0 THEN {rest_city} - {parts["city"]} ELSE 0 END AS district_fen"""


def use_shares(batch_ids: Iterable[int]) -> None:
    """Make the temporary table ``payments_share``: batch_id, benefit, central_bp … district_bp, as each batch was prepared with."""
    bulk.temporary_table(
        "payments_share",
        "batch_id bigint, benefit varchar(64), central_bp integer, province_bp integer, city_bp integer, district_bp integer",
    )
    batches = PaymentInstruction.objects.filter(pk__in=list(batch_ids)).values_list("pk", "shares")
    rows = [(batch_id, benefit, *share) for batch_id, shares in batches for benefit, share in shares.items()]
    bulk.insert_rows("payments_share", ("batch_id", "benefit", "central_bp", "province_bp", "city_bp", "district_bp"), rows)


def envelopes_of(sums: Iterable[tuple[str, int, Mapping[str, int]]]) -> Envelopes:
    """Add up by envelope what rows of (benefit, district, {share column: fen}) take."""
    taken: Envelopes = {}
    for benefit, district, parts in sums:
        for column, level in zip(SHARE_COLUMNS, Level, strict=True):
            key = (benefit, level.value, district if level == Level.DISTRICT else 0)
            taken[key] = taken.get(key, 0) + parts[column]
    return {key: fen for key, fen in taken.items() if fen}


def take_from_budget(batch: PaymentInstruction, wanted: Envelopes, year: int | None = None) -> None:
    """Commit a batch's sums in their envelopes of its year, or of another.

    Raises: BudgetExceeded, and then nothing is taken (the command's transaction ends).
    """
    year = year or batch.budget_year
    for (benefit, level, area_code), amount_fen in sorted(wanted.items()):
        envelope = BudgetEnvelope.objects.filter(benefit=benefit, year=year, level=level, area_code=area_code)
        enough = envelope.filter(amount_fen__gte=F("committed_fen") + amount_fen)
        if not enough.update(committed_fen=F("committed_fen") + amount_fen):
            left = envelope.first()
            raise BudgetExceeded(batch.pk, benefit, year, level, area_code, amount_fen, left.available_fen if left else 0)


def give_back(year: int, sums: Envelopes) -> None:
    """Make room in envelopes again for money that did not leave or came back."""
    for (benefit, level, area_code), amount_fen in sorted(sums.items()):
        envelope = BudgetEnvelope.objects.filter(benefit=benefit, year=year, level=level, area_code=area_code)
        envelope.update(committed_fen=F("committed_fen") - amount_fen)
