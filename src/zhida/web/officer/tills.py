"""Benefits by event: what happened at the counters of the area, who has a till, what programmes say, what providers are paid."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.places import api as places
from zhida.blocks.tills import api as tills
from zhida.kernel import clock
from zhida.kernel.errors import ZhidaError
from zhida.kernel.identifiers import is_uscc
from zhida.kernel.money import plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, links_to, page_number, page_of
from zhida.web.templatetags.zhida import day as day_text
from zhida.web.templatetags.zhida import moment, percent, yuan
from zhida.web.text import in_language, lazy_text, pick

_TABS = (
    ("tills", Text("当天记录", "Events")),
    ("till_providers", Text("服务点和终端", "Providers and tills")),
    ("till_programmes", Text("补贴项目", "Programmes")),
    ("till_settlements", Text("结算", "Settlement")),
)
_EVENT_HEADS = (
    Text("时间", "When"),
    Text("服务点", "Provider"),
    Text("项目", "Programme"),
    Text("居民编号", "Resident"),
    Text("价格（元）", "Price"),
    Text("市里付（元）", "The city pays"),
    Text("居民付（元）", "The resident pays"),
    Text("已退（元）", "Refunded"),
    Text("结果", "Result"),
    Text("原因", "Why"),
    Text("终端", "Till"),
    Text("键", "Key"),
)
_SETTLEMENT_HEADS = (
    Text("日期", "Day"),
    Text("服务点", "Provider"),
    Text("统一社会信用代码", "Organisation"),
    Text("项目", "Programme"),
    Text("记录数", "Events"),
    Text("补贴（元）", "Subsidy"),
    Text("退款数", "Refunds"),
    Text("退款（元）", "Refunded"),
    Text("上期结转（元）", "Carried in"),
    Text("应付（元）", "To pay"),
    Text("转下期（元）", "Carried on"),
)


class ProviderForm(forms.Form):
    """Where events happen."""

    organisation_code = forms.CharField(label=lazy_text("统一社会信用代码", "Unified social credit code"), min_length=18, max_length=18)
    kind = forms.ChoiceField(label=lazy_text("类别", "Kind"))
    name_zh = forms.CharField(label=lazy_text("中文名称", "Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=lazy_text("英文名称", "Name in English"), max_length=80)
    community = forms.CharField(
        label=lazy_text("社区代码", "Community code"),
        help_text=lazy_text("12位，例如 330106002051", "12 digits, as 330106002051"),
        max_length=12,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, in_language(label)) for code, label in tills.PROVIDER_KINDS.items()]

    def clean_organisation_code(self) -> str:
        code = self.cleaned_data["organisation_code"].strip().upper()
        if not is_uscc(code):
            raise forms.ValidationError(pick("校验位不对；请核对18位代码。", "The check character is wrong. Check the 18 characters."))
        return code

    def clean_community(self) -> int:
        written = self.cleaned_data["community"].strip()
        try:
            found = places.area(int(written) if written.isdigit() else 0)
        except places.UnknownArea as mistake:
            raise forms.ValidationError(in_language(mistake.text)) from mistake
        return found.code


class TillForm(forms.Form):
    """A device of a provider."""

    name = forms.CharField(label=lazy_text("终端名称", "Name of the till"), max_length=60)
    active_until = forms.DateField(
        label=lazy_text("有效期至", "Active until"), widget=forms.DateInput(attrs={"type": "date"}), input_formats=["%Y-%m-%d"]
    )

    def clean_active_until(self) -> date:
        chosen: date = self.cleaned_data["active_until"]
        if chosen < clock.today():
            raise forms.ValidationError(pick("请选今天以后的日期。", "Choose a later day."))
        return chosen


# ---- events -----------------------------------------------------------------------------------------------------------------------------


@requires("tills.view")
@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """List the events booked on a day at providers of the viewer's area."""
    days = tills.booked_days(request.viewer)
    day = _day(request.GET.get("day")) or (days[0] if days else clock.today())
    words, state, page = request.GET.get("q", "").strip(), request.GET.get("state", ""), page_number(request)
    if request.GET.get("format") == "csv":
        return _events_file(request, day, words, state)
    lines, total = tills.day_events(request.viewer, request.purpose, day, words, page, state)
    context = {
        "tabs": _tabs("tills"),
        "day": day,
        "days": days,
        "words": words,
        "state": state,
        "lines": lines,
        "total": total,
        "totals": tills.day_totals(request.viewer, day),
        "page": links_to(page, max(1, -(-total // tills.PAGE_ROWS))),
        "may_open": bool(access.purpose_of(request.viewer, "entitlements.view_area")),
        "place": _place(request),
    }
    return render(request, "officer/till_events.html", context)


def _events_file(request: HttpRequest, day: date, words: str, state: str) -> HttpResponse:
    lines, _ = tills.day_events(request.viewer, request.purpose, day, words, None, state)
    rows = [
        (
            moment(line.happened_at),
            line.provider,
            line.label,
            line.resident_no,
            plain_yuan(line.price_fen),
            plain_yuan(line.city_fen),
            plain_yuan(line.resident_fen),
            plain_yuan(line.refunded_city_fen),
            line.state_text,
            line.reason,
            line.till_no,
            line.key,
        )
        for line in lines
    ]
    return csv_file(f"events-{day.isoformat()}", _EVENT_HEADS, rows)


# ---- providers and tills ----------------------------------------------------------------------------------------------------------------


@requires("tills.view")
@require_http_methods(["GET", "POST"])
def providers(request: HttpRequest) -> HttpResponse:
    """List the providers of the viewer's area; whoever manages tills registers another one."""
    may_manage = _may_manage(request)
    form = ProviderForm(request.POST or None)
    if request.method == "POST":
        access.require(request.viewer, "tills.manage")
        if form.is_valid() and (saved := _register(request, form)):
            return saved
    context = {
        "tabs": _tabs("till_providers"),
        "page": page_of(request, tills.providers(request.viewer)),
        "kinds": tills.PROVIDER_KINDS,
        "form": form if may_manage else None,
        "place": _place(request),
    }
    return render(request, "officer/till_providers.html", context, status=400 if form.errors else 200)


def _register(request: HttpRequest, form: ProviderForm) -> HttpResponse | None:
    told = form.cleaned_data
    name = Text(told["name_zh"], told["name_en"])
    try:
        made = tills.register_provider(request.viewer, told["organisation_code"], told["kind"], name, told["community"])
    except tills.ProviderKnown as mistake:
        form.add_error("organisation_code", in_language(mistake.text))
        return None
    done = Text("服务点已登记；请给它一台终端。", "The provider is registered. Give it a till.")
    return back(request, "officer:till_provider", done, made.pk)


@requires("tills.view")
@require_GET
def provider(request: HttpRequest, provider_id: int) -> HttpResponse:
    """Show one provider: its tills and what it was paid."""
    return _provider_page(request, provider_id, TillForm())


def _provider_page(request: HttpRequest, provider_id: int, form: TillForm, token: str = "") -> HttpResponse:
    found = tills.provider(request.viewer, provider_id)
    context = {
        "tabs": _tabs("till_providers"),
        "provider": found,
        "name": Text(found.name_zh, found.name_en),
        "kind": tills.PROVIDER_KINDS[found.kind],
        "tills": [(till, _till_state(till)) for till in tills.tills_of(request.viewer, provider_id)],
        "settlements": [(row, _label(row.programme)) for row in tills.settlements(request.viewer, provider_id=provider_id)[:31]],
        "form": form if _may_manage(request) else None,
        "token": token,
        "trail": [_step("till_providers", Text("服务点和终端", "Providers and tills")), {"label": Text(found.name_zh, found.name_en)}],
    }
    return render(request, "officer/till_provider.html", context, status=400 if form.errors else 200)


def _till_state(till: tills.Till) -> str:
    return "till_active" if tills.is_active(till) else "till_revoked" if till.revoked_at else "till_expired"


@requires("tills.manage")
@require_POST
def make(request: HttpRequest, provider_id: int) -> HttpResponse:
    """Give a provider another till, and show its secret this once."""
    form = TillForm(request.POST)
    if not form.is_valid():
        return _provider_page(request, provider_id, form)
    _, token = tills.make_till(request.viewer, provider_id, form.cleaned_data["name"], form.cleaned_data["active_until"])
    # Shown in the answer itself and kept nowhere: not in a session, not in a message.
    return _provider_page(request, provider_id, TillForm(), token)


@requires("tills.manage")
@require_POST
def revoke(request: HttpRequest, till_id: int) -> HttpResponse:
    """Take a till's secret back."""
    till = tills.revoke_till(request.viewer, till_id)
    done = Text(f"终端 {till_id} 已停用，它的密钥从现在起无效。", f"Till {till_id} is revoked: its token is refused from now on.")
    return back(request, "officer:till_provider", done, till.provider_id)


# ---- programmes -------------------------------------------------------------------------------------------------------------------------


@requires("tills.view")
@require_GET
def programmes(request: HttpRequest) -> HttpResponse:
    """Show what each installed programme says today."""
    found = [_programme(programme) for programme in tills.programmes().values()]
    return render(request, "officer/till_programmes.html", {"tabs": _tabs("till_programmes"), "programmes": found})


def _programme(programme: tills.Programme) -> dict[str, Any]:
    terms = programme.terms_on(clock.today())
    caps = [(_SPANS[span], _cap(cap)) for span, cap in terms.caps.items()] if terms else []
    return {
        "programme": programme,
        "who": _who(programme),
        "where": [tills.PROVIDER_KINDS[kind] for kind in programme.provider_kinds],
        "pays": _pays(terms) if terms else Text("今天没有在执行", "Not in force today"),
        "caps": caps,
        "demonstration": programme.law == "demonstration",
    }


_SPANS = {"day": Text("每天", "A day"), "month": Text("每月", "A month"), "year": Text("每年", "A year")}


def _cap(cap: Any) -> str:
    times = pick(f"{cap.times} 次", f"{cap.times} times") if cap.times is not None else ""
    return pick("，", ", ").join(part for part in (times, yuan(cap.fen) if cap.fen is not None else "") if part)


def _pays(terms: tills.Terms) -> str:
    if terms.share_bp is None:
        return pick(f"每次 {yuan(terms.fixed_fen)}", f"{yuan(terms.fixed_fen)} each time")
    share = percent(terms.share_bp / 10_000, 0)
    if terms.at_most_fen is None:
        return pick(f"价格的 {share}", f"{share} of the price")
    return pick(f"价格的 {share}，每次最多 {yuan(terms.at_most_fen)}", f"{share} of the price, at most {yuan(terms.at_most_fen)} each time")


def _who(programme: tills.Programme) -> Text:
    if programme.age_from is not None:
        return Text(f"{programme.age_from} 周岁及以上", f"From the age of {programme.age_from}")
    label = benefit_label(programme.who_benefit)
    return Text(f"当月享受“{label.zh}”的人", f"Whoever is due “{label.en}” in the month")


# ---- settlement -------------------------------------------------------------------------------------------------------------------------


@requires("tills.view")
@require_GET
def settlements(request: HttpRequest) -> HttpResponse:
    """List the settled days, and offer to settle the next one."""
    days = tills.settled_days(request.viewer)
    closed = {each.day for each in days}
    open_days = [day for day in tills.booked_days(request.viewer) if day not in closed and day <= clock.today()]
    context = {
        "tabs": _tabs("till_settlements"),
        "page": page_of(request, days),
        "open_days": open_days if access.purpose_of(request.viewer, "tills.settle") else [],
        "waiting": len(open_days),
        "may_see_batch": bool(access.purpose_of(request.viewer, "payments.view")),
    }
    return render(request, "officer/till_settlements.html", context)


@requires("tills.settle")
@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """Close and settle a day; its sums go into a batch that another officer approves."""
    day = _day(request.POST.get("day")) or clock.today()
    try:
        settled = tills.settle_day(request.viewer, day)
    except tills.DayNotBegun as mistake:
        return back(request, "officer:till_settlements", mistake.text)
    if settled.batch_id is None:
        done = Text(f"{day} 已结算；没有需要付的款。", f"{day} is settled; there is nothing to pay.")
    else:
        done = Text(
            f"{day} 已结算，编入批次 {settled.batch_id}，等待复核。",
            f"{day} is settled into batch {settled.batch_id}, which waits for a second officer.",
        )
    return back(request, "officer:till_settlement", done, day.isoformat())


@requires("tills.view")
@require_GET
def settlement(request: HttpRequest, day: str) -> HttpResponse:
    """Show what each provider of the viewer's area is paid for a day, and whether the events add up to it."""
    chosen = _day(day)
    settled = tills.settled_day(chosen) if chosen else None
    if settled is None:
        raise tills.DayNotSettled(day[:10])
    rows = tills.settlements(request.viewer, settled.day)
    if request.GET.get("format") == "csv":
        return _settlement_file(settled.day, rows)
    context = {
        "tabs": _tabs("till_settlements"),
        "settled": settled,
        "rows": [(row, Text(row.provider.name_zh, row.provider.name_en), _label(row.programme)) for row in rows],
        "payable_fen": sum(row.payable_fen for row in rows),
        "accepted": sum(row.accepted_count for row in rows),
        "refunded_fen": sum(row.refunded_fen for row in rows),
        "mismatches": len(tills.mismatches(settled.day)),
        "may_see_batch": bool(access.purpose_of(request.viewer, "payments.view")),
        "trail": [_step("till_settlements", Text("结算", "Settlement")), {"label": day_text(settled.day)}],
    }
    return render(request, "officer/till_settlement.html", context)


def _settlement_file(day: date, rows: list[tills.ProviderSettlement]) -> HttpResponse:
    lines = [
        (
            day.isoformat(),
            Text(row.provider.name_zh, row.provider.name_en),
            row.provider.organisation_code,
            _label(row.programme),
            row.accepted_count,
            plain_yuan(row.accepted_fen),
            row.refunded_count,
            plain_yuan(row.refunded_fen),
            plain_yuan(row.carried_in_fen),
            plain_yuan(row.payable_fen),
            plain_yuan(row.carried_out_fen),
        )
        for row in rows
    ]
    return csv_file(f"settlement-{day.isoformat()}", _SETTLEMENT_HEADS, lines)


# ---- shared -----------------------------------------------------------------------------------------------------------------------------


def _tabs(current: str) -> list[dict[str, Any]]:
    return [{"label": label, "url": reverse(f"officer:{name}"), "current": name == current} for name, label in _TABS]


def _step(name: str, label: Text) -> dict[str, Any]:
    return {"label": label, "url": reverse(f"officer:{name}")}


def _label(programme: str) -> Text:
    try:
        return tills.programme(programme).label
    except ZhidaError:
        return Text(programme, programme)


def _may_manage(request: HttpRequest) -> bool:
    return bool(access.purpose_of(request.viewer, "tills.manage"))


def _place(request: HttpRequest) -> places.Area | None:
    return places.area(int(request.viewer.area_code)) if request.viewer.area_code else None


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None
