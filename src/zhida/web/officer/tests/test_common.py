"""What the officer's pages share."""

import csv
import io

from zhida.kernel.text import Text
from zhida.web.officer.common import csv_file, links_to


def _cells(rows):
    written = csv_file("list", [Text("金额", "Amount")], rows).content.decode("utf-8-sig")
    return [row[0] for row in csv.reader(io.StringIO(written))][1:]


def test_a_file_starts_with_the_mark_that_spreadsheets_need():
    assert csv_file("list", [Text("金额", "Amount")], []).content.startswith("\ufeff".encode())


def test_a_cell_that_looks_like_a_formula_is_quoted_and_a_number_is_not():
    assert _cells([["=1+1"], ["@SUM(A1)"], ["-12.50"], ["+3"]]) == ["'=1+1", "'@SUM(A1)", "-12.50", "+3"]


def test_pages_that_a_block_cuts_are_linked():
    page = links_to(2, 3)
    assert page.has_previous() and page.has_next() and page.paginator.num_pages == 3


def test_a_page_beyond_the_last_is_the_last():
    assert links_to(9, 3).number == 3
