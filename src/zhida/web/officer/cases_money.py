"""Money that cases found due: what waits, and its way into a batch that a second officer approves."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from zhida.blocks.cases import api as cases
from zhida.kernel.money import format_yuan, plain_yuan
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.officer.common import back, benefit_label, csv_file, page_of
from zhida.web.text import in_language

CSV_HEADS = (
    Text("办件编号", "Case"),
    Text("待遇", "Benefit"),
    Text("期间", "Period"),
    Text("区县", "District"),
    Text("金额（元）", "Yuan"),
)


@requires("payments.prepare")
@require_GET
def money(request: HttpRequest) -> HttpResponse:
    """List what cases found due and no batch has taken; ``?format=csv`` gives it as a file. Nobody is named."""
    found = cases.payables_waiting(request.viewer)
    if request.GET.get("format") == "csv":
        return csv_file("case-payments", CSV_HEADS, (_cells(row) for row in found))
    page = page_of(request, found)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for benefit, amount_fen in found.values_list("benefit", "amount_fen"):
        sums[benefit][0] += 1
        sums[benefit][1] += amount_fen
    context = {
        "page": page,
        "rows": [{"row": row, "case": row.effect.item.case, "benefit": benefit_label(row.benefit)} for row in page.object_list],
        "sums": [(benefit_label(benefit), count, total) for benefit, (count, total) in sorted(sums.items(), key=lambda each: -each[1][1])],
        "count": sum(count for count, _ in sums.values()),
        "withdrawing": cases.payables_waiting(request.viewer, cases.HandOver.WITHDRAWING).count(),
        "total_fen": sum(total for _, total in sums.values()),
    }
    return render(request, "officer/cases/money.html", context)


def _cells(row: Any) -> list[Any]:
    return [row.effect.item.case.number, benefit_label(row.benefit), row.period_key, row.district, plain_yuan(row.amount_fen)]


@requires("payments.prepare")
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Make one batch of everything that waits, and show it."""
    made = cases.prepare_case_payments(request.viewer)
    if made.cancelled or made.to_recover:
        messages.warning(request, in_language(_taken_back(made)))
    if made.batch_id is None:
        messages.info(request, in_language(Text("没有新的钱要发。", "Nothing new is due.")))
        return redirect("officer:case_money")
    done = Text(f"已把 {made.count} 笔编入批次，等复核。", f"{made.count} payments are in this batch; it waits for approval.")
    return back(request, "officer:batch", done, made.batch_id)


def _taken_back(made: cases.HandedPayables) -> Text:
    """Say what became of money whose case was undone after a batch had taken it."""
    numbers, amount = "、".join(str(each) for each in made.cancelled), format_yuan(made.to_recover_fen)
    zh = [f"批次 {numbers} 里有不再应发的钱，已取消，请重新编制" if made.cancelled else ""]
    zh.append(f"已发出 {made.to_recover} 笔、{amount} 元要追回，见“多发款项”" if made.to_recover else "")
    en = [f"Batches {numbers} held money that is not due any more and were cancelled; prepare them again" if made.cancelled else ""]
    en.append(f"{made.to_recover} payments (¥{amount}) have left and are to come back: see Overpayments" if made.to_recover else "")
    return Text("；".join(filter(None, zh)) + "。", "; ".join(filter(None, en)) + ".")
