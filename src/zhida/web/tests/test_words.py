"""The words of templates: money, months, days, two languages, states."""

from __future__ import annotations

from datetime import date

import pytest
from django.template import engines
from django.utils.translation import override

from zhida.kernel.period import NEVER, Month
from zhida.kernel.text import Text
from zhida.web import badges
from zhida.web.templatetags import zhida as words


def written(template: str, language: str = "zh-hans", **context: object) -> str:
    with override(language):
        return engines["django"].from_string(template).render(context)


def test_a_text_is_written_in_the_readers_language() -> None:
    template = '{% t "共 {n} 项" "{n} lines" n=n %}'
    assert (written(template, n=3), written(template, "en", n=3)) == ("共 3 项", "3 lines")


def test_values_inside_a_text_cannot_bring_markup() -> None:
    assert written('{% t "你好，{name}" "Hello {name}" name=name %}', name="<b>") == "你好，&lt;b&gt;"


def test_values_inside_a_text_may_be_bilingual_themselves() -> None:
    assert written('{% t "由{d}提供" "from {d}" d=d %}', "en", d=Text("民政", "Civil affairs")) == "from Civil affairs"


@pytest.mark.parametrize(
    ("amount_fen", "zh", "en"),
    [(130150, "1,301.50 元", "¥1,301.50"), (0, "0.00 元", "¥0.00"), (-5, "−0.05 元", "−¥0.05"), (None, "—", "—")],
)
def test_money_is_written_as_people_read_it(amount_fen: int | None, zh: str, en: str) -> None:
    template = "{{ amount|yuan }}"
    assert (written(template, amount=amount_fen), written(template, "en", amount=amount_fen)) == (zh, en)


@pytest.mark.parametrize(
    ("amount_fen", "zh", "en"),
    [
        (12_345_678_900, "1.23 亿元", "¥123.46 million"),
        (456_789_00, "45.7 万元", "¥456,789"),
        (99_900, "999 元", "¥999"),
        (-250_000_000_000, "−25.00 亿元", "−¥2.50 billion"),
    ],
)
def test_large_money_is_shortened(amount_fen: int, zh: str, en: str) -> None:
    template = "{{ amount|yuan_short }}"
    assert (written(template, amount=amount_fen), written(template, "en", amount=amount_fen)) == (zh, en)


@pytest.mark.parametrize(
    ("period_key", "zh", "en"),
    [
        ("2025-10", "2025年10月", "October 2025"),
        ("2025-Q4", "2025年第四季度", "Q4 2025"),
        ("2025", "2025年", "2025"),
        ("once:2025-08-18", "一次性", "Once"),
        ("once:2", "第 2 次", "Instalment 2"),
        ("once:", "一次性", "Once"),
        ("", "—", "—"),
    ],
)
def test_every_kind_of_period_is_written_in_words(period_key: str, zh: str, en: str) -> None:
    assert (written("{{ key|period }}", key=period_key), written("{{ key|period }}", "en", key=period_key)) == (zh, en)


@pytest.mark.parametrize("value", [Month(2025, 10), "2025-10", date(2025, 10, 31)])
def test_a_month_may_come_in_any_form(value: object) -> None:
    assert written("{{ value|month }}", value=value) == "2025年10月"


def test_a_day_that_never_comes_is_a_dash() -> None:
    assert (written("{{ value|day }}", value=NEVER), written("{{ value|day }}", value=None)) == ("—", "—")


def test_an_area_is_written_by_its_name_and_an_unknown_one_by_its_code() -> None:
    assert written("{{ code|area }}", code=330106) == "西湖区"
    assert written("{{ code|area }}", code=999999) == "999999"


def test_a_state_nobody_named_is_still_shown() -> None:
    assert badges.badge("settled")[0] == "good"
    assert "brand_new" in written("{% status_badge state %}", state="brand_new")


def test_pages_keep_the_rest_of_the_address(rf: object) -> None:
    from django.core.paginator import Paginator

    request = rf.get("/office/quarantine/?reason=id_check_digit&page=2")
    page = Paginator(range(100), 10).get_page(2)
    shown = written("{% pagination page %}", request=request, page=page)
    assert 'href="?reason=id_check_digit&amp;page=3"' in shown and 'aria-current="page"' in shown


def test_percentages_and_counts() -> None:
    assert (words.percent(0.98325), words.percent(None), words.number(1234567)) == ("98.3%", "—", "1,234,567")
    assert (words.percent(1.0), words.percent(0.99991)) == ("100.0%", "99.99%")
