"""What the officer's pages share: pages of a list, files of a list, going back with a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from zhida.blocks.policies import api as policies
from zhida.blocks.tills import api as tills
from zhida.kernel.text import Text
from zhida.web import explanation
from zhida.web.table_files import csv_file
from zhida.web.text import in_language

__all__ = ["PAGE_ROWS", "back", "benefit_label", "csv_file", "links_to", "page_number", "page_of", "why"]

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
    """Return the name of a benefit of the law or of a programme of tills; its code where neither is installed any more."""
    definition = policies.benefits().get(code)
    if definition:
        return definition.label
    return next((each.label for each in tills.programmes().values() if each.benefit == code), Text(code, code))


def why(told: policies.Explanation) -> dict[str, Any]:
    """Return what ``components/why_body.html`` shows of an explanation."""
    return {
        "tree": explanation.tree(told.steps),
        "numbers": explanation.numbers_used(told.steps),
        "facts": explanation.facts_used(told.steps),
        "changes": told.changes,
        "on_file": told.on_file,
    }


def back(request: HttpRequest, where: str, done: Text, *arguments: Any) -> HttpResponse:
    """Say what was done, in the reader's language, and show a page again."""
    messages.success(request, in_language(done))
    return redirect(where, *arguments)
