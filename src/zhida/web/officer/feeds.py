"""What the departments delivered: each file, its rows taken in and set aside, and how good the data are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhida.blocks.access import api as access
from zhida.blocks.records import api as records
from zhida.kernel import clock
from zhida.kernel.text import Text
from zhida.web.access import requires
from zhida.web.charts import BarList, Item, Share
from zhida.web.officer.common import back, csv_file, page_of
from zhida.web.officer.forms import UploadForm
from zhida.web.templatetags.zhida import number, percent
from zhida.web.text import in_language, pick

STATES = {
    "": Text("全部", "All"),
    "accepted": Text("有效", "In force"),
    "refused": Text("未接收", "Refused"),
    "superseded": Text("已被更新", "Superseded"),
}


@requires("feeds.view")
@require_GET
def feeds(request: HttpRequest) -> HttpResponse:
    """List the deliveries, newest first, of one state where asked."""
    found = records.deliveries(request.viewer, request.purpose)
    state = request.GET.get("state", "") if request.GET.get("state", "") in STATES else ""
    chosen = [delivery for delivery in found if not state or delivery.state == state]
    page = page_of(request, chosen)
    context = {
        "page": page,
        "rows": [(delivery, records.record_types()[delivery.record_type]) for delivery in page.object_list],
        "received": sum(delivery.rows_received for delivery in found),
        "accepted": sum(delivery.rows_accepted for delivery in found),
        "quarantined": sum(delivery.rows_quarantined for delivery in found),
        "refused": sum(delivery.state == "refused" for delivery in found),
        "refused_tone": "bad" if any(delivery.state == "refused" for delivery in found) else "",
        "tabs": [
            {
                "label": label,
                "url": f"?state={name}",
                "current": name == state,
                "count": sum(delivery.state == name or not name for delivery in found),
            }
            for name, label in STATES.items()
        ],
        "may_receive": bool(access.purpose_of(request.viewer, "feeds.receive")),
    }
    return render(request, "officer/feeds.html", context)


@requires("feeds.view")
@require_GET
def feed(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Show one delivery: its sums, what was set aside and why, and what it replaced; a refused one can be mapped."""
    delivery = records.delivery(request.viewer, request.purpose, delivery_id)
    contract = records.record_types()[delivery.record_type]
    may_receive = bool(access.purpose_of(request.viewer, "feeds.receive"))
    context = {
        "delivery": delivery,
        "contract": contract,
        "split": _split(delivery),
        "reasons": _reasons(delivery),
        "history": _history(request, delivery),
        "mapping": _mapping(delivery, contract) if may_receive and "column_missing" in delivery.by_reason else [],
        "headers": contract.headers,
        "form": UploadForm() if may_receive else None,
        "trail": [{"label": Text("部门数据", "Feeds"), "url": reverse("officer:feeds")}, {"label": contract.label}],
    }
    return render(request, "officer/feed.html", context)


@requires("feeds.receive")
@require_POST
def columns(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Receive a refused file again with the columns that the officer confirmed."""
    column_map = {name.removeprefix("column:"): header for name, header in request.POST.items() if name.startswith("column:") and header}
    made = records.confirm_columns(request.viewer, delivery_id, column_map)
    return _received(request, made)


@requires("feeds.receive")
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Receive a corrected file from a department; what it replaces stays in the history."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _received(request, _receive(request, form.cleaned_data["file"]))
    trail = [{"label": Text("部门数据", "Feeds"), "url": reverse("officer:feeds")}, {"label": Text("上传文件", "Upload a file")}]
    return render(request, "officer/upload.html", {"form": form, "trail": trail, "types": records.record_types()})


def _receive(request: HttpRequest, sent: UploadedFile) -> records.Delivery:
    """Keep the upload where a refused file can be read again, and receive it."""
    folder = Path(tempfile.mkdtemp(prefix="upload-"))
    path = folder / Path(sent.name or "upload.csv").name
    with path.open("wb") as out:
        shutil.copyfileobj(sent.file, out)
    return records.receive_feed(request.viewer, path, received_on=clock.today())


def _received(request: HttpRequest, made: records.Delivery) -> HttpResponse:
    if made.state == "refused":
        return redirect("officer:feed", made.id)
    done = Text(
        f"已接收 {made.rows_accepted:,} 行，隔离 {made.rows_quarantined:,} 行。",
        f"{made.rows_accepted:,} rows were accepted and {made.rows_quarantined:,} set aside.",
    )
    return back(request, "officer:feed", done, made.id)


@requires("feeds.view")
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """Show, per record type, received = accepted + quarantined, and the reasons."""
    types = records.record_types()
    found = {name: line for name, line in records.quality(request.viewer, request.purpose).items() if line["received"] or line["refused"]}
    if request.GET.get("format") == "csv":
        return _quality_file(found)
    received, accepted = (sum(line[key] for line in found.values()) for key in ("received", "accepted"))
    context = {
        "lines": [
            {
                **line,
                "contract": types[name],
                "reasons": [(records.REASONS[reason], count) for reason, count in line["by_reason"].items() if count],
            }
            for name, line in found.items()
        ],
        "received": received,
        "accepted": accepted,
        "quarantined": received - accepted,
        "reasons": _all_reasons(found, received),
    }
    return render(request, "officer/quality.html", context)


def _all_reasons(found: dict[str, dict[str, Any]], received: int) -> BarList | None:
    """Rank the reasons over all record types."""
    totals: dict[str, int] = {}
    for line in found.values():
        for reason, count in line["by_reason"].items():
            totals[reason] = totals.get(reason, 0) + count
    ranked = sorted(((reason, count) for reason, count in totals.items() if count), key=lambda pair: -pair[1])
    if not ranked:
        return None
    here = reverse("officer:quarantine")
    items = [Item(in_language(records.REASONS[reason]), count, number(count), f"{here}?reason={reason}") for reason, count in ranked]
    share, top = percent(sum(totals.values()) / received, 2), items[0].label
    return BarList(
        pick(f"收到的行中 {share} 被隔离；最常见的原因是：{top}", f"{share} of the rows were set aside; most often: {top}"), items
    )


def _quality_file(found: dict[str, dict[str, Any]]) -> HttpResponse:
    heads = [
        Text("数据", "Record"),
        Text("部门", "Department"),
        Text("收到", "Received"),
        Text("接收", "Accepted"),
        Text("隔离", "Quarantined"),
    ]
    types = records.record_types()
    rows = [
        (types[name].label, types[name].department, line["received"], line["accepted"], line["quarantined"]) for name, line in found.items()
    ]
    return csv_file("data-quality", heads, rows)


def _split(delivery: records.Delivery) -> Share | None:
    """Show a file's rows: accepted and set aside."""
    if not delivery.rows_received or delivery.state == "refused":
        return None
    received, accepted, aside = (number(n) for n in (delivery.rows_received, delivery.rows_accepted, delivery.rows_quarantined))
    items = [
        Item(pick("已接收", "Accepted"), delivery.rows_accepted, accepted, tone="good"),
        Item(pick("已隔离", "Quarantined"), delivery.rows_quarantined, aside, tone="wait"),
    ]
    zh = f"收到 {received} 行 = 接收 {accepted} 行 + 隔离 {aside} 行"
    return Share(pick(zh, f"{received} rows received = {accepted} accepted + {aside} quarantined"), items)


def _reasons(delivery: records.Delivery) -> BarList | None:
    if not delivery.by_reason or delivery.state == "refused":
        return None
    here = f"{reverse('officer:quarantine')}?delivery={delivery.id}"
    items = [
        Item(in_language(records.REASONS[reason]), count, number(count), f"{here}&reason={reason}")
        for reason, count in sorted(delivery.by_reason.items(), key=lambda pair: -pair[1])
    ]
    return BarList(pick("隔离的原因", "Why rows were set aside"), items)


def _history(request: HttpRequest, delivery: records.Delivery) -> list[records.Delivery]:
    """Return every delivery of the same register and area, newest first."""
    return [other for other in records.deliveries(request.viewer, request.purpose, delivery.record_type) if other.area == delivery.area]


def _mapping(delivery: records.Delivery, contract: records.RecordType) -> list[dict[str, Any]]:
    """Return the columns of a refused file that its contract does not know, each with the header it seems to be."""
    return [{"column": column, "guess": guess} for column, guess in records.suggested_columns(Path(delivery.source_path), contract).items()]
