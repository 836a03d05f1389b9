"""Lists to take home: CSV files that spreadsheet programs open in the right encoding and never run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from zhida.kernel.text import Text
from zhida.web.text import in_language


def csv_file(name: str, heads: Sequence[Text], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return a list as ``name``.csv, UTF-8 with a byte order mark; a cell may be a Text, a number, a string or None."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([in_language(head) for head in heads])
    writer.writerows([harmless(in_language(cell)) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def harmless(cell: str) -> str:
    """Put a quote before what a spreadsheet would take for a formula; numbers stay numbers.

    >>> harmless("=1+1"), harmless("-0.05"), harmless("-cmd"), harmless("")
    ("'=1+1", '-0.05', "'-cmd", '')
    """
    is_number = cell.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not is_number else cell
