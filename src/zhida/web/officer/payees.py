"""Who is paid instead of, or beside, whom the law names; and accounts that have just changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web import entitlements
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label
from zhida.web.officer.residents import NOT_THE_READER

# So many payees one arrangement may name.
PLACES = range(1, 4)
_CHANGE_TEXT = {
    "waiting": Text("核实中", "Being checked"),
    "confirmed": Text("已确认", "Confirmed"),
    "refused": Text("已否认", "Denied"),
}


@requires("payees.arrange")
@require_GET
def payees(request: HttpRequest, resident_no: int) -> HttpResponse:
    """Show who is paid for a resident and their household, and let an officer arrange it. Raises: NotYours."""
    found = policies.entitlements(request.viewer, request.purpose, resident_no)
    lines = [line for line in found.lines if line.unit == "fen" and line.payee_no]
    entities = sorted({resident_no, found.resident.household_no} | {line.entity_no for line in lines})
    rows = payments.arrangements(request.viewer, request.purpose, entities)
    context = {
        "card": found.resident,
        "choices": [
            (f"{line.benefit.code}:{line.entity_no}", line.benefit.label, entitlements.who(line, NOT_THE_READER)) for line in lines
        ],
        "arrangements": _together(request, rows),
        "changes": _changes(payments.account_changes_of(request.viewer, request.purpose, resident_no)),
        "kinds": list(payments.PAYEE_KIND_TEXT.items()),
        "places": list(PLACES),
        "today": clock.today(),
        "trail": [
            {"label": Text("查找居民", "Residents"), "url": reverse("officer:residents")},
            {"label": found.resident.name, "url": reverse("officer:resident", args=[resident_no])},
            {"label": Text("收款安排", "Payees")},
        ],
    }
    return render(request, "officer/payees.html", context)


def _together(request: HttpRequest, rows: list[Any]) -> list[dict[str, Any]]:
    """Put the payees of one arrangement together, in the order of ``rows``."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row.entity_no, row.benefit, row.begin, row.end, row.made_at)
        group = groups.setdefault(key, {"first": row, "benefit": _label(row.benefit), "payees": [], "state": _state(row)})
        group["payees"].append((_name(request, row.payee_key), payments.PAYEE_KIND_TEXT[payments.PayeeKind(row.kind)], row.share_bp / 100))
    return list(groups.values())


def _label(benefit: str) -> Text:
    return benefit_label(benefit) if benefit else Text("所有待遇", "Every benefit")


def _state(row: Any) -> str:
    if not row.confirmed_by:
        return "proposed"
    return "in_kind" if row.end is None or row.end > clock.today() else "stopped"


def _name(request: HttpRequest, payee_key: str) -> str:
    """Return a payee's name as far as the viewer may know it, else the key."""
    if payee_key.isdigit() and access.purpose_of(request.viewer, "entitlements.view_area"):
        try:
            return records.resident_card(request.viewer, request.purpose, int(payee_key)).name
        except (records.ResidentNotFound, records.NoSnapshot, access.NotYours):
            return payee_key
    return payee_key.removeprefix("org:")


def _changes(rows: list[Any]) -> list[dict[str, Any]]:
    shared = payments.shared_accounts(rows)
    return [
        {
            "row": row,
            "is_shared": row.account_now in shared,
            "before": row.account_before[-4:],
            "now": row.account_now[-4:],
            "state": _CHANGE_TEXT[row.state],
        }
        for row in rows
    ]


@requires("payees.arrange")
@require_POST
def arrange(request: HttpRequest, resident_no: int) -> HttpResponse:
    """Enter an arrangement for one benefit of a resident or their household."""
    card = records.resident_card(request.viewer, request.purpose, resident_no)
    posted = request.POST
    benefit, _, entity_no = posted.get("line", "").rpartition(":")
    chosen = [
        (_key(posted.get(f"payee{place}", "")), _kind(posted.get(f"kind{place}", "")), _points(posted.get(f"share{place}", "")))
        for place in PLACES
        if posted.get(f"payee{place}", "").strip()
    ]
    made = payments.arrange_payees(
        request.viewer, _entity(request, resident_no, benefit, entity_no), benefit, chosen, _day(posted.get("begin", "")) or clock.today(),
        _day(posted.get("end", "")), posted.get("reason", ""), card.community,
    )  # fmt: skip
    done = Text(f"已录入收款安排 {made[0].pk}，等另一名工作人员确认后生效。", f"Arrangement {made[0].pk} waits for a second officer.")
    return back(request, "officer:payees", done, resident_no)


def _entity(request: HttpRequest, resident_no: int, benefit: str, written: str) -> int:
    """Return the entity of a line of this resident's own list; a line that is not on it is nobody's to arrange here."""
    found = policies.entitlements(request.viewer, request.purpose, resident_no)
    for line in found.lines:
        if (line.benefit.code, str(line.entity_no)) == (benefit, written):
            return int(line.entity_no)
    raise access.NotYours(request.viewer.account, f"{benefit} {written}")


def _key(written: str) -> str:
    """A number is a resident's; anything else is an organisation's code."""
    written = written.strip().upper()
    return written if written.isdigit() and len(written) < 15 else f"org:{written}"


def _kind(written: str) -> payments.PayeeKind:
    return payments.PayeeKind(written) if written in [str(kind) for kind in payments.PayeeKind] else payments.PayeeKind.MEMBER


def _points(written: str) -> int:
    """Return a percentage as basis points; 0 for what is none, which no arrangement takes."""
    try:
        return int(Decimal(written.strip().rstrip("%") or "0") * 100)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


@requires("payees.confirm")
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """List arrangements that wait for a second officer, and changed accounts that wait for a check."""
    may_decide = bool(access.purpose_of(request.viewer, "payees.arrange"))
    changes = payments.account_changes(request.viewer, request.purpose) if may_decide else []
    context = {
        "arrangements": _together(request, payments.waiting_arrangements(request.viewer)),
        "changes": [{**each, "name": _name(request, each["row"].payee_key)} for each in _changes(changes)],
        "may_decide": may_decide,
    }
    return render(request, "officer/payees_waiting.html", context)


@requires("payees.confirm")
@require_POST
def confirm(request: HttpRequest, arrangement_id: int) -> HttpResponse:
    """Confirm an arrangement that another officer entered."""
    payments.confirm_arrangement(request.viewer, arrangement_id)
    return back(request, "officer:payees_waiting", Text("已确认，从下一次发放起生效。", "Confirmed: it holds from the next payday."))


@requires("payees.arrange")
@require_POST
def end(request: HttpRequest, resident_no: int, arrangement_id: int) -> HttpResponse:
    """End an arrangement from a day on."""
    payments.end_arrangement(request.viewer, arrangement_id, _day(request.POST.get("end", "")) or clock.today())
    return back(request, "officer:payees", Text("收款安排已结束。", "The arrangement has ended."), resident_no)


@requires("payees.arrange")
@require_POST
def account(request: HttpRequest, change_id: int) -> HttpResponse:
    """Confirm or refuse a changed account."""
    is_confirmed = request.POST.get("decision") == "confirm"
    payments.decide_account_change(request.viewer, change_id, is_confirmed, request.POST.get("note", ""))
    done = (
        Text("新账户已确认，暂缓的钱会发出。", "The new account is confirmed; what was held goes out.")
        if is_confirmed
        else Text("已拦下，不会向这个账户发钱。", "Stopped: nothing goes to that account.")
    )
    return back(request, "officer:payees_waiting", done)
