"""Payment batches: prepare, check a sample, approve or refuse, release, take in the bank's answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.payments import api as payments
from zhida.blocks.policies import api as policies
from zhida.kernel.period import Month
from zhida.kernel.text import Text
from zhida.web import entitlements
from zhida.web.access import requires
from zhida.web.charts import BarList, Item, Share
from zhida.web.officer.common import back, benefit_label, page_of, why
from zhida.web.templatetags.zhida import number, percent, person, yuan, yuan_short
from zhida.web.text import in_language, pick

_SAMPLE = Text("抽样核对", "Sample check")
# States in which a batch does not go on: what it is called, who did it, and where the reason stands.
STOPS = {
    "refused": (Text("复核退回", "Refused"), "refused_by", "refusal_reason"),
    "cancelled": (Text("已撤销", "Cancelled"), "cancelled_by", "cancel_reason"),
}
STEPS = (
    ("prepared", Text("编制", "Prepared")),
    ("approved", Text("复核批准", "Approved")),
    ("released", Text("发往银行", "Sent to the bank")),
    ("settled", Text("结清", "Settled")),
)
TONES = {"paid": "good", "accepted": "", "instructed": "", "held": "wait", "rejected": "bad", "returned": "bad"}


@requires("payments.view")
@require_GET
def batches(request: HttpRequest) -> HttpResponse:
    """List the batches, and offer to prepare one from the newest run."""
    latest = next((run for run in policies.runs(request.viewer) if run.state == "finished"), None)
    may_prepare = bool(access.purpose_of(request.viewer, "payments.prepare"))
    context = {"page": page_of(request, payments.batches(request.viewer)), "run": latest if may_prepare else None}
    return render(request, "officer/batches.html", context)


@requires("payments.prepare")
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Prepare a batch from a run: only what was not instructed before."""
    run = policies.run(int(request.POST["run"]))
    made = payments.prepare_batch(request.viewer, run.id)
    if made is None:
        nothing = Text("没有新的应发：本次核定的每一笔都已编入批次。", "Nothing new: everything this run decided is in a batch already.")
        return back(request, "officer:batches", nothing)
    done = Text(f"批次 {made.id} 已编制，等待另一位同事复核。", f"Batch {made.id} is prepared and waits for a second officer.")
    return back(request, "officer:batch", done, made.id)


@requires("payments.view")
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show one batch: its sums, who bears them, who signed, where it stands, what may be done by this viewer now."""
    shown = payments.batch(request.viewer, batch_id)
    drawn, unseen, doubtful = payments.sample_progress(batch_id)
    signed = payments.approvals(request.viewer, batch_id)
    context = {
        "batch": shown,
        "steps": _steps(shown),
        "stopped": _stopped(shown),
        "signed": signed,
        "missing": max(0, shown.needed_checkers - len(signed)),
        "last_signature": shown.needed_checkers - len(signed) <= 1,
        "drawn": drawn,
        "unseen": unseen,
        "doubtful": doubtful,
        "states": _states(shown, payments.totals_by("state", batch_id=batch_id)),
        "benefits": _benefits(payments.totals_by("benefit", batch_id=batch_id)),
        "risks": _risks(shown),
        "split": _split(payments.split_by_level(request.viewer, batch_id)),
        "to_put_out": payments.files_to_put_out(request.viewer, batch_id) if shown.state == "released" else 0,
        "may": _may(request, shown),
        "demo": settings.DEMO,
        "trail": [*_trail(), {"label": Text(f"批次 {batch_id}", f"Batch {batch_id}")}],
    }
    return render(request, "officer/batch.html", context)


@requires("payments.sample")
@require_GET
def sample(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show payments drawn by chance and those with the highest risk, each with why it was drawn and what was found."""
    shown = payments.batch(request.viewer, batch_id)
    drawn = [_drawn(line, one) for line, one in payments.sample(request.viewer, batch_id)]
    context = {
        "batch": shown,
        "drawn": drawn,
        "unseen": [row["line"].pk for row in drawn if not row["one"].seen_by],
        "doubtful": sum(row["one"].verdict == "doubtful" for row in drawn),
        "may_judge": shown.state == "prepared" and shown.prepared_by != request.viewer.account,
        "trail": _sample_trail(batch_id, {"label": _SAMPLE}),
    }
    return render(request, "officer/sample.html", context)


@requires("payments.sample")
@require_POST
def look(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Note what was found on looking at payments of the sample, and go on to the next one that nobody has looked at."""
    numbers = [int(number) for number in request.POST.getlist("payment") if number.isdigit()]
    verdict = "doubtful" if request.POST.get("verdict") == "doubtful" else "good"
    try:
        payments.look_at(request.viewer, batch_id, numbers, verdict, request.POST.get("note", ""))
    except payments.DoubtWithoutNote as mistake:
        messages.error(request, in_language(mistake.text))
        return redirect(f"{reverse('officer:sample', args=[batch_id])}#p{numbers[0] if numbers else ''}")
    after = next((line.pk for line, one in payments.sample(request.viewer, batch_id) if not one.seen_by), None)
    if after is None:
        done = Text("抽样已全部看过。", "The whole sample has been looked at.")
        return back(request, "officer:batch", done, batch_id)
    return redirect(f"{reverse('officer:sample', args=[batch_id])}#p{after}")


@requires("payments.sample")
@require_GET
def sampled(request: HttpRequest, batch_id: int, payee_no: int, benefit: str, entity_no: int) -> HttpResponse:
    """Show why one payment of the sample is due: the rule, its numbers and the facts."""
    shown = payments.batch(request.viewer, batch_id)
    told = policies.explanation(request.viewer, request.purpose, payee_no, benefit, entity_no, Month.parse(shown.month))
    paid = payments.payments_of(request.viewer, request.purpose, {payee_no})
    context = {
        "line": told.line,
        "row": entitlements.overview([told.line], paid, 0).rows[0],
        "trail": _sample_trail(
            batch_id, {"label": _SAMPLE, "url": reverse("officer:sample", args=[batch_id])}, {"label": told.line.benefit.label}
        ),
        **why(told),
    }
    return render(request, "officer/line.html", context)


@requires("payments.approve")
@require_POST
def decide(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Sign a batch, or refuse it with a reason for its maker."""
    if request.POST.get("decision") == "approve":
        return _approve(request, batch_id)
    payments.refuse_batch(request.viewer, batch_id, request.POST.get("reason", ""))
    done = Text(f"批次 {batch_id} 已退回经办人，没有发出任何款项。", f"Batch {batch_id} went back to its maker; nothing was paid.")
    return back(request, "officer:batch", done, batch_id)


def _approve(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Sign; a sample that nobody looked at, or a doubt, leads there."""
    try:
        batch = payments.approve_batch(request.viewer, batch_id)
    except (payments.SampleNotSeen, payments.SampleDoubtful) as mistake:
        messages.error(request, in_language(mistake.text))
        return redirect("officer:sample", batch_id)
    except payments.BudgetExceeded as mistake:
        messages.error(request, in_language(mistake.text))
        return redirect("officer:batch", batch_id)
    if batch.state == payments.BatchState.PREPARED:
        missing = batch.needed_checkers - len(payments.approvals(request.viewer, batch_id))
        done = Text(f"您已签批批次 {batch_id}，还差 {missing} 人。", f"You have signed batch {batch_id}; {missing} more must sign.")
    else:
        done = Text(f"批次 {batch_id} 已批准，可以发往银行。", f"Batch {batch_id} is approved and can be released.")
    return back(request, "officer:batch", done, batch_id)


@requires("payments.prepare", "payments.approve")
@require_POST
def cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Withdraw a batch that has not left, with a reason."""
    payments.cancel_batch(request.viewer, batch_id, request.POST.get("reason", ""))
    done = Text(f"批次 {batch_id} 已撤销，没有发出任何款项。", f"Batch {batch_id} is cancelled; nothing was paid.")
    return back(request, "officer:batch", done, batch_id)


@requires("payments.release")
@require_POST
def release(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Write the bank's files of an approved batch, or put out those that a killed release had written."""
    path = payments.release_batch(request.viewer, batch_id)
    done = Text("全部付款都被暂缓，没有发出文件。", "Every payment is on hold, so no file went out.")
    if path:
        done = Text(f"批次 {batch_id} 已发往银行：{path.name}。", f"Batch {batch_id} went to the bank as {path.name}.")
    return back(request, "officer:batch", done, batch_id)


@requires("payments.release")
@require_POST
def answers(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Take in the bank's answers that have arrived, and settle the batch when none is missing."""
    if settings.DEMO:
        _ask_demo_bank(payments.batch(request.viewer, batch_id))
    files, problems = payments.import_folder(request.viewer)
    for problem in problems:
        messages.error(request, in_language(problem.text))
    try:
        payments.settle(request.viewer, batch_id)
    except payments.BatchStillOpen as mistake:
        messages.warning(request, in_language(mistake.text))
        return redirect("officer:batch", batch_id)
    done = Text(
        f"收到 {len(files)} 份银行回执，批次 {batch_id} 已结清。", f"{len(files)} answers of the bank came in; batch {batch_id} is settled."
    )
    return back(request, "officer:batch", done, batch_id)


def _ask_demo_bank(shown: Any) -> None:
    """In the demonstration no bank is connected: its stand-in answers when asked."""
    bank = Path(settings.HOME) / "bank"
    for part in payments.payment_files(access.SYSTEM, shown.id):
        payments.demo_bank_answer(bank / "out" / part.file_name, bank / "in")


def _trail() -> list[dict[str, Any]]:
    return [{"label": Text("发放批次", "Batches"), "url": reverse("officer:batches")}]


def _sample_trail(batch_id: int, *more: dict[str, Any]) -> list[dict[str, Any]]:
    here = {"label": Text(f"批次 {batch_id}", f"Batch {batch_id}"), "url": reverse("officer:batch", args=[batch_id])}
    return [*_trail(), here, *more]


def _steps(shown: Any) -> list[dict[str, Any]]:
    """Return where a batch stands, with who did each step."""
    notes = {
        "prepared": _named(shown.prepared_by),
        "approved": _named(shown.approved_by),
        "released": Text(shown.file_name, shown.file_name),
        "settled": Text("", ""),
    }
    order = [state for state, _ in STEPS]
    if shown.state in STOPS:
        label, by, _ = STOPS[shown.state]
        done = [{"label": STEPS[0][1], "state": "done", "note": notes["prepared"]}]
        if shown.approved_by:
            done.append({"label": STEPS[1][1], "state": "done", "note": notes["approved"]})
        return [*done, {"label": label, "state": "failed", "note": _named(getattr(shown, by))}]
    reached = order.index(shown.state)
    waiting = reached + 1 if shown.state != "settled" else len(order)
    return [
        {
            "label": label,
            "state": "done" if i <= reached else "current" if i == waiting else "todo",
            "note": notes[state] if i <= reached else "",
        }
        for i, (state, label) in enumerate(STEPS)
    ]


def _stopped(shown: Any) -> dict[str, str] | None:
    """Return who stopped a batch and why; None for one that goes its way."""
    if shown.state not in STOPS:
        return None
    _, by, reason = STOPS[shown.state]
    return {"by": getattr(shown, by), "reason": getattr(shown, reason)}


def _states(shown: Any, rows: list[payments.TotalsRow]) -> Share | None:
    """Show what became of a batch's payments."""
    if not rows:
        return None
    items = [
        Item(
            in_language(payments.state_text(str(row.key[0]), shown.state)),
            row.count,
            number(row.count),
            tone=TONES.get(str(row.key[0]), "quiet"),
            detail=yuan(row.amount_fen),
        )
        for row in sorted(rows, key=lambda row: -row.count)
    ]
    total = sum(row.count for row in rows)
    return Share(pick(f"{number(total)} 笔付款现在的状态", f"Where the {number(total)} payments stand now"), items)


def _named(account: str) -> Text:
    name = person(account) if account else ""
    return Text(name, name)


def _benefits(rows: list[payments.TotalsRow]) -> BarList | None:
    """Rank a batch's benefits by money."""
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: -row.amount_fen)
    items = [
        Item(
            in_language(benefit_label(str(row.key[0]))),
            row.amount_fen,
            yuan_short(row.amount_fen),
            detail=pick(f"{number(row.count)} 笔", f"{number(row.count)} payment{'' if row.count == 1 else 's'}"),
        )
        for row in ordered
    ]
    share = percent(ordered[0].amount_fen / max(1, sum(row.amount_fen for row in rows)))
    title = pick(f"金额最多的是{items[0].label}，占 {share}", f"{items[0].label} is the largest, {share} of the money")
    return BarList(title, items)


def _risks(shown: Any) -> BarList | None:
    """Rank what makes payments of a batch worth a look."""
    counts = [(flag, shown.risk_counts.get(str(flag.name).lower(), 0)) for flag in payments.Risk]
    found = sorted(((flag, count) for flag, count in counts if count), key=lambda pair: -pair[1])
    if not found:
        return None
    items = [
        Item(
            in_language(payments.risk_texts(int(flag))[0]),
            count,
            number(count),
            detail=percent(count / shown.count) if shown.count else "",
        )
        for flag, count in found
    ]
    title = pick(
        f"值得细看的款项里，最多的是“{items[0].label}”：{items[0].text} 笔", f"Most often worth a look: {items[0].label} ({items[0].text})"
    )
    note = pick(
        "一笔可以有几个原因；每种原因里金额最高的已抽入样本。",
        "One payment may have several reasons; the largest of each are in the sample.",
    )
    return BarList(title, items, note)


def _split(rows: list[tuple[str, tuple[int, int, int, int]]]) -> dict[str, Any] | None:
    """Return who bears a batch: a row per benefit, the sums of the levels, and their share of the whole."""
    if not rows:
        return None
    sums = [sum(parts[i] for _, parts in rows) for i in range(len(payments.Level))]
    items = [
        Item(in_language(payments.LEVEL_TEXT[level]), fen, yuan_short(fen)) for level, fen in zip(payments.Level, sums, strict=True) if fen
    ]
    most = max(items, key=lambda item: item.value or 0)
    share = percent((most.value or 0) / max(1, sum(sums)))
    title = pick(f"{most.label}承担最多，占 {share}", f"The {most.label} bears most, {share}")
    return {
        "levels": [payments.LEVEL_TEXT[level] for level in payments.Level],
        "rows": [(benefit_label(benefit), _cells(parts)) for benefit, parts in sorted(rows, key=lambda row: -sum(row[1]))],
        "sums": _cells(sums),
        "chart": Share(title, items),
    }


def _cells(parts: Sequence[int]) -> list[tuple[Text, int]]:
    """Return the fen of each level and their sum, each with the head of its column."""
    heads = [*(payments.LEVEL_TEXT[level] for level in payments.Level), Text("合计", "Together")]
    return list(zip(heads, [*parts, sum(parts)], strict=True))


def _drawn(line: Any, one: Any) -> dict[str, Any]:
    """Return a payment of the sample with every reason why it was drawn."""
    by_chance = [Text("随机抽取", "Drawn by chance")] if one.kind == "random" else []
    return {"line": line, "one": one, "benefit": benefit_label(line.benefit), "why": [*by_chance, *payments.risk_texts(one.risk)]}


def _may(request: HttpRequest, shown: Any) -> dict[str, bool]:
    """Return what this viewer may do with this batch now; a checker is never its maker."""
    holds = {name: bool(access.purpose_of(request.viewer, f"payments.{name}")) for name in ("approve", "release", "sample", "prepare")}
    is_open, is_maker = shown.state == "prepared", shown.prepared_by == request.viewer.account
    return {
        "approve": payments.may_sign(request.viewer, shown),
        "refuse": holds["approve"] and is_open and not is_maker,
        "sample": holds["sample"],
        "release": holds["release"] and shown.state == "approved",
        "answers": holds["release"] and shown.state == "released",
        "cancel": (holds["prepare"] or holds["approve"]) and shown.state in ("prepared", "approved"),
        "again": holds["prepare"] and shown.state in STOPS,
    }
