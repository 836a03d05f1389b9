"""What the officer's pages share: pages of a list, files of a list, going back with a message."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from zhida.blocks.policies import api as policies
from zhida.kernel.text import Text
from zhida.web import explanation
from zhida.web.text import in_language

PAGE_ROWS = 25


def page_of(request: HttpRequest, rows: Sequence[Any], size: int = PAGE_ROWS) -> Page:
    """Return the page of a list that the address asks for; the nearest one that exists."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def page_number(request: HttpRequest) -> int:
    """Return the page asked for, from 1."""
    written = request.GET.get("page", "1")
    return max(1, int(written)) if written.isdigit() else 1


def links_to(page: int, pages: int) -> Page:
    """Return what ``{% pagination %}`` draws for a list whose pages a block cuts: page ``page`` of ``pages``."""
    return Paginator(range(pages), 1).get_page(page)


def benefit_label(code: str) -> Text:
    """Return a benefit's name; its code where the pack is no longer installed."""
    definition = policies.benefits().get(code)
    return definition.label if definition else Text(code, code)


def why(told: policies.Explanation) -> dict[str, Any]:
    """Return what ``components/why_body.html`` shows of an explanation."""
    return {
        "tree": explanation.tree(told.steps),
        "numbers": explanation.numbers_used(told.steps),
        "facts": explanation.facts_used(told.steps),
        "changes": told.changes,
    }


def csv_file(name: str, heads: Sequence[Text], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return a list as a CSV file that spreadsheet programs open in the right encoding and never run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([in_language(head) for head in heads])
    writer.writerows([_harmless(in_language(cell)) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _harmless(cell: str) -> str:
    """Put a quote before what a spreadsheet would take for a formula; numbers stay numbers."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and not cell.lstrip("+-").replace(".", "", 1).isdigit() else cell


def back(request: HttpRequest, where: str, done: Text, *arguments: Any) -> HttpResponse:
    """Say what was done, in the reader's language, and show a page again."""
    messages.success(request, in_language(done))
    return redirect(where, *arguments)
