"""The ledger: what every account holds, the postings behind it, and the days that are closed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.places import api as places
from zhida.kernel import clock
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, links_to, page_number, page_of
from zhida.web.text import in_language

_TABS = (
    ("ledger", Text("试算平衡", "Trial balance")),
    ("ledger_postings", Text("过账", "Postings")),
    ("ledger_closes", Text("日结", "Daily close")),
)
_BALANCE_HEADS = (
    Text("科目", "Account"),
    Text("类别", "Kind"),
    Text("待遇", "Benefit"),
    Text("年度", "Year"),
    Text("级次", "Level"),
    Text("区划", "Area"),
    Text("借方（元）", "Debit"),
    Text("贷方（元）", "Credit"),
    Text("余额（元）", "Balance"),
)
_POSTING_HEADS = (
    Text("编号", "No."),
    Text("日期", "Day"),
    Text("事项", "What"),
    Text("凭证", "Reference"),
    Text("借", "Debit"),
    Text("贷", "Credit"),
    Text("笔数", "Payments"),
    Text("金额（元）", "Yuan"),
    Text("明细哈希", "Detail hash"),
    Text("哈希", "Hash"),
)
_CLOSE_HEADS = (
    Text("日期", "Day"),
    Text("过账数", "Postings"),
    Text("在途（元）", "On its way"),
    Text("日结人", "Closed by"),
    Text("时间", "At"),
    Text("哈希", "Hash"),
)


@requires("payments.view")
@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Show what every account received, gave and holds; with ``?batch=`` the postings of that batch."""
    if request.GET.get("batch", "").isdecimal():
        return redirect(f"{reverse('officer:ledger_postings')}?{urlencode({'batch': request.GET['batch']})}")
    every = [row for row in payments.trial_balance() if row.debit_fen or row.credit_fen]
    chosen = {name: request.GET.get(name, "") for name in ("kind", "level", "year")}
    rows = [row for row in every if all(str(getattr(row, name)) == value for name, value in chosen.items() if value)]
    if request.GET.get("format") == "csv":
        return _balance_file(rows)
    context = {
        "tabs": _tabs("ledger"),
        "page": page_of(request, [_account_row(row) for row in rows], payments.PAGE_ROWS),
        "sums": _sums(rows),
        "by_level": _by_level(every),
        "total": _sums(every),
        "chosen": chosen,
        "kinds": list(payments.ACCOUNT_TEXT.items()),
        "levels": [(level.value, text) for level, text in payments.LEVEL_TEXT.items()],
        "years": sorted({row.year for row in every if row.year}, reverse=True),
        "query": urlencode({name: value for name, value in chosen.items() if value}),
    }
    return render(request, "officer/ledger.html", context)


@requires("payments.view")
@require_GET
def postings(request: HttpRequest) -> HttpResponse:
    """List postings: of an account, of a batch, or those that a search finds."""
    batch, words = request.GET.get("batch", ""), request.GET.get("q", "").strip()[:60]
    batch_id = int(batch) if batch.isdecimal() and len(batch) < len(str(2**31)) else None
    wanted = payments.PostingFilter(request.GET.get("account", "")[:200], batch_id, words)
    if request.GET.get("format") == "csv":
        return _posting_file(request, wanted)
    count = payments.count_postings(request.viewer, wanted)
    page = min(page_number(request), max(1, -(-count // payments.PAGE_ROWS)))
    context = {
        "tabs": _tabs("ledger_postings"),
        "wanted": wanted,
        "account": _account_name(wanted.account),
        "count": count,
        "rows": [_posting(entry) for entry in payments.postings(request.viewer, wanted, page)],
        "page": links_to(page, max(1, -(-count // payments.PAGE_ROWS))),
        "query": urlencode({name: request.GET[name] for name in ("account", "batch", "q") if request.GET.get(name)}),
        "trail": [{"label": Text("总账", "Ledger"), "url": reverse("officer:ledger")}, {"label": Text("过账", "Postings")}],
    }
    return render(request, "officer/ledger_postings.html", context)


@requires("payments.view")
@require_GET
def closes(request: HttpRequest) -> HttpResponse:
    """List the closed days; with ``?verify=1`` recompute the whole chain and say whether it is whole."""
    closed = payments.closes(request.viewer)
    if request.GET.get("format") == "csv":
        return _close_file(closed)
    asked = request.GET.get("verify") == "1"
    today = clock.today()
    context = {
        "tabs": _tabs("ledger_closes"),
        "page": page_of(request, closed),
        "last": closed[0] if closed else None,
        "verified": asked,
        "broken": payments.broken_at(request.viewer) if asked else None,
        "count": payments.count_postings(request.viewer, payments.PostingFilter()),
        "today": today,
        "may_close": bool(access.purpose_of(request.viewer, "payments.close")) and not (closed and closed[0].day >= today),
        "trail": [{"label": Text("总账", "Ledger"), "url": reverse("officer:ledger")}, {"label": Text("日结", "Daily close")}],
    }
    return render(request, "officer/ledger_closes.html", context)


@requires("payments.close")
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Close today; where the books disagree, the page says which account and by how much."""
    closed = payments.close_day(request.viewer)
    count = closed.entries
    done = Text(f"{closed.day} 已日结：账目相符，共 {count} 笔过账。", f"{closed.day} is closed: the books agree on {count} postings.")
    return back(request, "officer:ledger_closes", done)


# ---- rows and files ---------------------------------------------------------------------------------------------------------------------


def _tabs(current: str) -> list[dict[str, Any]]:
    return [{"label": label, "url": reverse(f"officer:{name}"), "current": name == current} for name, label in _TABS]


def _sums(rows: list[payments.TrialBalanceRow]) -> dict[str, int]:
    debit, credit = sum(row.debit_fen for row in rows), sum(row.credit_fen for row in rows)
    return {"count": len(rows), "debit": debit, "credit": credit, "balance": debit - credit}


def _by_level(rows: list[payments.TrialBalanceRow]) -> list[dict[str, Any]]:
    """Return what each kind of account holds, by level of government and in all; the treasury knows no level."""
    found = []
    for kind, label in payments.ACCOUNT_TEXT.items():
        ours = [row for row in rows if row.kind == kind]
        if ours:
            levels = [(text, sum(row.balance_fen for row in ours if row.level == level)) for level, text in payments.LEVEL_TEXT.items()]
            found.append({"kind": kind, "label": label, "levels": levels, "balance": sum(row.balance_fen for row in ours)})
    return found


def _account_row(row: payments.TrialBalanceRow) -> dict[str, Any]:
    return {"row": row, "code": row.code, "name": _name(row.kind, row.benefit), "where": _where(row.year, row.level, row.area_code)}


def _name(kind: str, benefit: str) -> Text:
    label = payments.ACCOUNT_TEXT.get(kind, Text(kind, kind))
    if not benefit:
        return label
    paid = benefit_label(benefit)
    return Text(f"{label.zh}：{paid.zh}", f"{label.en}: {paid.en}")


def _where(year: int, level: str, area_code: int) -> Text:
    """Return year and level of government; a district by its name."""
    if not level:
        return Text(str(year or ""), str(year or ""))
    who = payments.LEVEL_TEXT[payments.Level(level)]
    if area_code:
        try:
            who = places.area(area_code).name
        except places.UnknownArea:
            who = Text(f"{who.zh} {area_code}", f"{who.en} {area_code}")
    return Text(f"{year} · {who.zh}", f"{year} · {who.en}")


def _account_name(code: str) -> Text | None:
    """Return the name of an account by its code; None for all accounts, the code itself for one that is not there."""
    found = next((row for row in payments.trial_balance() if row.code == code), None) if code else None
    if found is None:
        return Text(code, code) if code else None
    name, where = _name(found.kind, found.benefit), _where(found.year, found.level, found.area_code)
    return Text(f"{name.zh}（{where.zh}）" if where.zh else name.zh, f"{name.en} ({where.en})" if where.en else name.en)


def _posting(entry: Any) -> dict[str, Any]:
    debit, credit = entry.debit_account, entry.credit_account
    envelope = debit if debit.level else credit
    return {
        "entry": entry,
        "kind": payments.POSTING_TEXT.get(entry.kind, Text(entry.kind, entry.kind)),
        "debit": _name(debit.kind, ""),
        "credit": _name(credit.kind, ""),
        "benefit": benefit_label(envelope.benefit),
        "where": _where(envelope.year, envelope.level, envelope.area_code),
        "batch": entry.reference[6:] if entry.reference.startswith("batch:") and entry.reference[6:].isdecimal() else "",
    }


def _balance_file(rows: list[payments.TrialBalanceRow]) -> HttpResponse:
    lines = [
        (
            row.code, payments.ACCOUNT_TEXT[row.kind], benefit_label(row.benefit) if row.benefit else "", row.year or "",
            payments.LEVEL_TEXT[payments.Level(row.level)] if row.level else "", row.area_code or "", plain_yuan(row.debit_fen),
            plain_yuan(row.credit_fen), plain_yuan(row.balance_fen),
        )
        for row in rows
    ]  # fmt: skip
    return csv_file(f"trial-balance-{clock.today()}", _BALANCE_HEADS, lines)


def _posting_file(request: HttpRequest, wanted: payments.PostingFilter) -> HttpResponse:
    lines = (
        (
            entry.pk, entry.booked_on.isoformat(), in_language(payments.POSTING_TEXT.get(entry.kind, Text(entry.kind, entry.kind))),
            entry.reference, entry.debit_account.code, entry.credit_account.code, entry.count, plain_yuan(entry.amount_fen),
            entry.detail_hash, entry.entry_hash,
        )
        for entry in payments.all_postings(request.viewer, wanted)
    )  # fmt: skip
    return csv_file(f"postings-{clock.today()}", _POSTING_HEADS, lines)


def _close_file(closed: list[Any]) -> HttpResponse:
    lines = [
        (each.day.isoformat(), each.entries, plain_yuan(each.in_transit_fen), each.closed_by, each.closed_at.isoformat(), each.close_hash)
        for each in closed
    ]
    return csv_file(f"closes-{clock.today()}", _CLOSE_HEADS, lines)
