"""The page of casework by month: findings as titles, few people hidden, a file to take home, and what to do where nothing was counted."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.indicators import api as indicators
from zhida.blocks.indicators.testing import done_case, made_up_item, made_up_rating
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
ONE, TWO = 330106002, 330106004


def captain(area: str = "330100") -> Client:
    account = access.create_account(f"captain-{area}", "captain", "captain", area_code=area)
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(account)
    return client


def said(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve births in one street and four in another, done in October; two in September; three ratings."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    for street, many in ((ONE, 12), (TWO, 4)):
        cases = [done_case(street, "2025-10-09", "2025-10-13", "2025-10-11") for _ in range(many)]
    for _ in range(2):
        done_case(ONE, "2025-09-08", "2025-09-09", "2025-09-20")
    made_up_rating(cases[0], "2025-10-14", 1, ("slow",), due="2025-10-21", answered="2025-10-16")
    made_up_rating(cases[1], "2025-10-14", 5, ("slow", "kind"))
    made_up_rating(cases[2], "2025-10-14", 4)
    for month in (9, 10):
        indicators.observe_casework(SYSTEM, Month(2025, month))


def test_where_nothing_was_counted_the_page_says_what_to_do() -> None:
    assert "zhida cases observe" in said(captain(), "/cockpit/casework/")


def test_titles_say_what_was_found(counted: Any) -> None:
    page = said(captain(), "/cockpit/casework/")
    for finding in (
        "2025年10月办结 16 件，比上月多 14 件",
        "2025年10月一半在 3 个工作日内办结",
        "2025年10月办结的 16 件中，0.0% 在承诺的工作日内",
        "2025年10月的 3 条评价中，66.7% 满意，平均 3.3 星",
        "2025年10月应答复的 1 条差评，100.0% 按期答复",
        "说得最多的是“太慢”：2 次",
    ):
        assert finding in page
    assert "2025年9月办结 2 件" in said(captain(), "/cockpit/casework/?month=2025-09")
    assert captain().get("/cockpit/casework/?month=2025-08").status_code == 409


def test_a_street_hides_few_and_its_neighbour_that_would_tell_them(counted: Any) -> None:
    client = captain("330106")
    streets = said(client, "/cockpit/casework/330106/")
    assert "少于 10" in streets and "办结 16 件" in streets
    # Twelve would be enough to show; sixteen less twelve would tell the four.
    assert "人数太少，不显示" in said(client, f"/cockpit/casework/{ONE}/") and "办结 12 件" not in said(client, f"/cockpit/casework/{ONE}/")


def test_a_department_that_leads_no_case_is_shown_by_its_items(counted: Any) -> None:
    page = said(captain(), "/cockpit/casework/?department=health&event=birth")
    assert "承诺期内办结" in page
    case = done_case(ONE, "2025-10-09", "2025-10-13", "2025-10-20")
    made_up_item(case, "police", "2025-10-09", "2025-10-13", "2025-10-10")
    indicators.observe_casework(SYSTEM, Month(2025, 10))
    page = said(captain(), "/cockpit/casework/?department=police")
    assert "承诺期内办结" not in page and "办完的 1 个事项中，0.0% 没有超期" in page


def test_a_file_to_take_home_has_every_month_life_event_and_department(counted: Any) -> None:
    content = captain().get("/cockpit/casework/?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    whole = next(row for row in rows if (row["月份"], row["事件"], row["部门"]) == ("2025-10", "全部", "全部"))
    assert (whole["办结"], whole["承诺期内办结"], whole["评价"], whole["太慢"]) == ("16", "0", "3", "2")
    assert {row["月份"] for row in rows} == {"2025-09", "2025-10"} and "出生一件事" in {row["事件"] for row in rows}


def test_a_captain_stays_in_the_own_area(counted: Any) -> None:
    client = captain("330106")
    assert "西湖区的办件指标" in said(client, "/cockpit/casework/")
    assert [client.get(f"/cockpit/casework/{code}/").status_code for code in (330100, 330108, 330106002051)] == [403, 403, 404]
